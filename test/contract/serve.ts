import { writeFileSync } from 'node:fs';
import { createClient } from '../../openapi/client/create-client.ts';
import { createInformers } from '../../openapi/client/informers.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../openapi/generated/resources.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { lineLogger } from '../../openapi/machinery/log.ts';
import { admissionPlugins } from '../../server/admission/plugins/index.ts';
import { certificateAuthenticator } from '../../server/auth/authentication/certificate.ts';
import { staticTokenAuthenticator } from '../../server/auth/authentication/static-token.ts';
import { rbacAuthorizer } from '../../server/auth/authorization/rbac.ts';
import type { Authorizer } from '../../server/auth/authorizer.ts';
import { createAuthority, issueCertificate } from '../../server/auth/pki/authority.ts';
import { accessReviews } from '../../server/auth/reviews/access.ts';
import { bootstrap } from '../../server/apiserver/bootstrap/bootstrap.ts';
import { generatedDocuments } from '../../server/apiserver/discovery/generated-documents.ts';
import { createDiscovery } from '../../server/apiserver/discovery/handler.ts';
import { operationsSource } from '../../server/apiserver/discovery/operations-source.ts';
import { versionInfo } from '../../server/apiserver/discovery/version.ts';
import { createConnectHandler } from '../../server/apiserver/connect/handler.ts';
import { createApiServer, type ApiServer } from '../../server/apiserver/server.ts';
import { createStrategies } from '../../server/registry/index.ts';
import { createRegistry } from '../../server/registry/registry.ts';
import { openMemoryStore } from '../../server/storage/mvcc/memory.ts';
import { adminToken } from './fixture.ts';

// A server over a store in memory, for playing recorded conversations: tsx test/contract/serve.ts PORT KUBECONFIG
const port = Number(process.argv[2] ?? 17443);
const kubeconfig = process.argv[3] ?? '/tmp/flotilla-contract.kubeconfig';
const log = lineLogger(
  (line) => process.stderr.write(line),
  () => Date.now(),
  'info',
);
const clock = systemClock;
const random = (): number => Math.random();

let authorizer: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) };
const late: Authorizer = { authorize: (asked) => authorizer.authorize(asked) };
const everything = { ...late, rulesOf: () => [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] };

const authority = await createAuthority('flotilla-contract', Date.now());
const certificate = await issueCertificate(
  authority,
  { commonName: 'kube-apiserver', names: ['localhost', '127.0.0.1'], usage: 'server', days: 30 },
  Date.now(),
);
function objects(): ApiServer['objects'] {
  return server.objects;
}
const server: ApiServer = createApiServer({
  storage: openMemoryStore(),
  registry: createRegistry(createStrategies({ cidr: '10.96.0.0/16', random })),
  authenticators: [
    certificateAuthenticator,
    staticTokenAuthenticator(new Map([[adminToken, { name: 'admin', groups: ['system:masters'] }]])),
  ],
  authorizer: late,
  admission: admissionPlugins({
    lookup: {
      get: (resource, key) => objects().get(resource, key),
      list: (resource, namespace) => objects().list(resource, namespace),
    },
    authorizer: everything,
    random,
  }),
  reviews: accessReviews(late, everything),
  connect: createConnectHandler({
    objects: {
      get: (resource, key) => objects().get(resource, key),
      list: (resource, namespace) => objects().list(resource, namespace),
    },
    dialer: { dial: () => Promise.reject(new Error('no node is connected')) },
    clock,
    random,
  }),
  pages: [
    createDiscovery({
      source: operationsSource(),
      openapi: generatedDocuments(),
      serverAddress: `127.0.0.1:${port}`,
      version: versionInfo('1.36.3', '0.1.0', 'linux/amd64'),
      otherPaths: ['/healthz', '/livez', '/readyz', '/metrics'],
    }),
  ],
  clock,
  random,
  log,
  tls: { certificate: certificate.certificate, key: certificate.key, clientCa: authority.certificate },
});
const signal = new AbortController().signal;
const client = createClient(server.transport({ name: 'system:apiserver', groups: ['system:masters'] }), {
  clock,
  signal,
  userAgent: 'contract',
});
await bootstrap(client, {
  clientCA: authority.certificate,
  clusterDNS: '10.96.0.10',
  kubernetesServiceIP: '10.96.0.1',
  serviceCIDR: '10.96.0.0/16',
  advertiseAddress: '192.0.2.1',
  port,
});
const informers = createInformers({ client, clock, random, log, signal });
const source = {
  roles: informers.of(roles),
  roleBindings: informers.of(roleBindings),
  clusterRoles: informers.of(clusterRoles),
  clusterRoleBindings: informers.of(clusterRoleBindings),
};
await Promise.all(Object.values(source).map((informer) => informer.waitForSync(signal)));
authorizer = rbacAuthorizer(source);
await server.listen({ host: '127.0.0.1', port });
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: `https://127.0.0.1:${port}`,
          'certificate-authority-data': Buffer.from(authority.certificate).toString('base64'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token: adminToken } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'admin' } }],
    'current-context': 'c',
  }),
);
log.log('info', 'listening', { port, kubeconfig });
process.once('SIGTERM', () => {
  process.exit(0);
});
