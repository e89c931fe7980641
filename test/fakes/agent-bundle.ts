/**
 * Stands in for the agent where only the way to it is tested: answers on its socket, calls the API's socket, and leaves traces
 * that its cleanup takes away. The text of a CommonJS file.
 */
export const agentBundle = String.raw`'use strict';
const fs = require('node:fs');
const net = require('node:net');
const http = require('node:http');
const { execFileSync } = require('node:child_process');

const run = '/run/flotilla';
const socket = run + '/agent.sock';

function traces(add) {
  const commands = add
    ? [
        ['iptables', '-w', '-N', 'KUBE-STANDIN'],
        ['ip', 'route', 'replace', 'blackhole', '10.99.0.0/24'],
      ]
    : [
        ['iptables', '-w', '-X', 'KUBE-STANDIN'],
        ['ip', 'route', 'del', 'blackhole', '10.99.0.0/24'],
      ];
  for (const [program, ...args] of commands) {
    try {
      execFileSync(program, args, { stdio: 'ignore' });
    } catch {
      // It is there already, or gone.
    }
  }
}

if (process.argv[2] === 'cleanup') {
  traces(false);
  process.exit(0);
}
const config = JSON.parse(fs.readFileSync('/var/lib/flotilla/agent/config.json', 'utf8'));
if (config.labels.broken === 'yes') {
  console.error('told to be broken');
  process.exit(1);
}
traces(true);
fs.mkdirSync('/var/lib/flotilla/pods', { recursive: true });
fs.writeFileSync('/var/lib/flotilla/pods/trace', String(process.pid));
fs.rmSync(socket, { force: true });
http
  .createServer((request, response) => {
    if (request.url === '/healthz') response.end('ok');
    else if (request.url === '/config')
      response.end(JSON.stringify({ ...config, api: { ...config.api, key: '' }, pid: process.pid }));
    else response.writeHead(404).end();
  })
  .listen(socket, () => fs.chmodSync(socket, 0o666));
setInterval(() => {
  const client = net.connect(run + '/apiserver.sock', () =>
    client.end('hello from ' + config.nodeName + ' ' + process.pid + '\n'),
  );
  client.on('error', () => undefined);
  client.resume();
}, 300);
`;
