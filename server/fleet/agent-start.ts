import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { paths } from '../../openapi/machinery/agent-contract.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Site } from './agent-install.ts';
import type { SshConnection } from './ssh/connection.ts';
import { HostFailure, printable } from './ssh/failure.ts';
import { script } from './ssh/script.ts';

const commandTimeoutMs = 60_000;
const healthyWithinMs = 20_000;
const answerTimeoutMs = 5_000;
const healthPollMs = 150;

/** sshd makes the socket as the user that logged in, and never over one that is there. */
const socketScript = script`
set -eu
IFS= read -r user
install -d -m 0700 -o "$user" /run/flotilla
rm -f /run/flotilla/apiserver.sock
`;

const startScript = script`
set -eu
IFS= read -r restart
systemctl daemon-reload
systemctl enable --quiet flotilla-agent.service
systemctl reset-failed flotilla-agent.service 2>/dev/null || true
if test "$restart" = yes; then systemctl restart flotilla-agent.service; else systemctl start flotilla-agent.service; fi
`;

const journalScript = script`
systemctl is-active flotilla-agent.service
printf 'last words: '
journalctl _SYSTEMD_UNIT=flotilla-agent.service -n 6 --no-pager -o cat 2>/dev/null
`;

/** Carries the API's socket on the host to `onStream`, until the connection ends. */
export async function openApiSocket(site: Site, onStream: (stream: Duplex) => void): Promise<void> {
  const { connection, asRoot, signal } = site;
  const result = await connection.exec(socketScript, {
    args: [connection.address.user],
    asRoot,
    timeoutMs: commandTimeoutMs,
    signal,
  });
  if (result.code !== 0)
    throw new HostFailure('CommandFailed', `Cannot prepare ${paths.run}: ${printable(result.stderr)}`);
  await connection.listen(paths.apiSocket, onStream);
}

/** Starts the agent when it does not run or when it has to read something new. */
export async function startAgent(site: Site, changed: boolean): Promise<void> {
  if (!changed && site.probe.unitState === 'active') return;
  const { connection, asRoot, signal } = site;
  const result = await connection.exec(startScript, {
    args: [changed ? 'yes' : 'no'],
    asRoot,
    timeoutMs: commandTimeoutMs,
    signal,
  });
  if (result.code !== 0)
    throw new HostFailure('AgentNotHealthy', `Cannot start the agent: ${printable(result.stderr)}`);
}

/** Resolves when the agent answers on its socket; rejects with its last words. */
export async function waitForAgent(site: Site, clock: Clock): Promise<void> {
  const until = clock.monotonic() + healthyWithinMs;
  let last = 'it does not listen';
  while (clock.monotonic() < until) {
    site.signal.throwIfAborted();
    site.connection.closed.throwIfAborted();
    try {
      if ((await askHealth(site.connection)) === 200) return;
      last = 'it says that it is not healthy';
    } catch (error) {
      last = printable((error as Error).message);
    }
    await clock.sleep(healthPollMs, site.signal);
  }
  const { connection, asRoot, signal } = site;
  const journal = await connection.exec(journalScript, { asRoot, timeoutMs: commandTimeoutMs, signal });
  throw new HostFailure(
    'AgentNotHealthy',
    `The agent was started but does not answer (${last}). Its unit is ${printable(journal.stdout, 800)}. See journalctl -u flotilla-agent on the host.`,
  );
}

/** Never rejects. */
export async function isAgentHealthy(connection: SshConnection): Promise<boolean> {
  return await askHealth(connection).then(
    (code) => code === 200,
    () => false,
  );
}

async function askHealth(connection: SshConnection): Promise<number> {
  const stream = await connection.dial(paths.agentSocket);
  try {
    return await new Promise<number>((resolve, reject) => {
      const asked = request(
        { path: '/healthz', timeout: answerTimeoutMs, createConnection: () => stream },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      asked.once('timeout', () => {
        asked.destroy(new Error('it does not answer'));
      });
      asked.once('error', reject);
      asked.end();
    });
  } finally {
    stream.destroy();
  }
}
