const layers = {
  'openapi/spec': [],
  'openapi/machinery': [],
  'openapi/generated': ['openapi/machinery'],
  'openapi/client': ['openapi/(generated|machinery)'],
  'server/storage': ['openapi/machinery'],
  'server/registry': ['server/storage', 'openapi/(generated|machinery)'],
  'server/auth': ['openapi'],
  'server/quota': ['openapi'],
  'server/admission': ['server/(auth|quota)', 'openapi'],
  'server/apiserver': ['server/(registry|admission|auth)', 'openapi'],
  'server/scheduler': ['openapi'],
  'server/controllers': ['server/quota', 'openapi'],
  'server/fleet': ['openapi'],
  'agent/host': ['openapi/machinery'],
  'agent/runtime': ['agent/host', 'openapi'],
  'agent/network': ['agent/host', 'openapi'],
  'agent/volumes': ['agent/host', 'openapi'],
  'agent/proxy': ['agent/host', 'openapi'],
  'agent/dns': ['agent/host', 'openapi'],
  'agent/kubelet': ['agent/(runtime|network|volumes)', 'openapi'],
  'agent/serving': ['agent/(kubelet|runtime)', 'openapi'],
};
const tests = '\\.test\\.ts$';
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-sibling-plugins',
      severity: 'error',
      comment: 'a plugin knows the framework, never another plugin',
      from: { path: '(.+)/plugins/([^/]+)\\.ts$', pathNot: ['/index\\.ts$', tests] },
      to: { path: '$1/plugins/', pathNot: '$1/plugins/$2\\.ts$' },
    },
    {
      name: 'no-sibling-controllers',
      severity: 'error',
      comment: 'what two controllers need goes to controllers/shared/',
      from: { path: '^server/controllers/([^/]+)\\.ts$', pathNot: ['/(index|run)\\.ts$', tests] },
      to: { path: '^server/controllers/', pathNot: ['/(controller|run)\\.ts$', '/shared/', '/$1\\.ts$'] },
    },
    ...Object.entries(layers).map(([folder, allowed]) => ({
      name: `layer:${folder}`,
      severity: 'error',
      from: { path: `^${folder}/`, pathNot: tests },
      to: {
        path: '^(server|agent|openapi|test)/',
        pathNot: [`^${folder}/`, ...allowed.map((a) => `^${a}/`)],
      },
    })),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
