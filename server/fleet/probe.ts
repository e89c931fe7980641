import { isJsonObject, type JsonObject } from '../../openapi/machinery/json.ts';
import { HostFailure, printable } from './ssh/failure.ts';
import type { SshConnection } from './ssh/connection.ts';
import { script } from './ssh/script.ts';

/** What a host says about itself and about what Flotilla left there. Everything in it is the host's word: to be shown and compared, never run. */
export interface Probe {
  readonly osId: string;
  readonly osLike: string;
  readonly osName: string;
  readonly system: string;
  /** As uname says it: x86_64, aarch64. */
  readonly machine: string;
  readonly kernel: string;
  readonly cgroup: string;
  readonly init: string;
  readonly docker: string;
  readonly dockerError: string;
  readonly containerd: string;
  readonly podman: string;
  /** Absolute path and version of a Node.js in the PATH. */
  readonly nodePath: string;
  readonly nodeVersion: string;
  /** Version of the Node.js that Flotilla pushed. */
  readonly pushedNode: string;
  readonly iptables: string;
  /** Names of programs that the agent needs and the host lacks. */
  readonly missing: readonly string[];
  readonly diskFreeBytes: number;
  readonly glibc: string;
  readonly uid: number;
  /** Seconds since 1970 by the host's clock. */
  readonly clock: number;
  /** The address that the SSH connection came in on. */
  readonly address: string;
  readonly bundleSha256: string;
  readonly configSha256: string;
  readonly unitSha256: string;
  /** What systemd says of the agent's unit: active, inactive, failed. */
  readonly unitState: string;
  /** The stamp that the last installation left; empty: none. */
  readonly stamp: string;
}

/** Prints one JSON object. Needs no root for most; what it cannot see it leaves empty. */
export const probeScript = script`
q() { printf '%s' "$1" | head -c 4000 | tr -d '\000-\037\177' | sed -e 's/[\\"]/\\&/g'; }
s() { printf '"%s":"%s",' "$1" "$(q "$2")"; }
n() { case "$2" in '' | *[!0-9]*) printf '"%s":0,' "$1" ;; *) printf '"%s":%s,' "$1" "$2" ;; esac; }
sum() { test -r "$1" && sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1; }
limited() { if command -v timeout >/dev/null; then timeout 10 "$@"; else "$@"; fi; }
IFS= read -r connection
ID= ID_LIKE= PRETTY_NAME=
if test -r /etc/os-release; then . /etc/os-release; fi
printf '{'
s osId "$ID"; s osLike "$ID_LIKE"; s osName "$PRETTY_NAME"
s system "$(uname -s)"; s machine "$(uname -m)"; s kernel "$(uname -r)"
if test "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)" = cgroup2fs; then s cgroup v2; else s cgroup v1; fi
if test -d /run/systemd/system; then s init systemd; else s init "$(cat /proc/1/comm 2>/dev/null)"; fi
if command -v docker >/dev/null; then
  answer=$(limited docker version --format '{{.Server.Version}}' 2>&1) && s docker "$answer" || s dockerError "$answer"
fi
command -v containerd >/dev/null && s containerd "$(containerd --version 2>/dev/null | head -n 1)"
command -v podman >/dev/null && s podman "$(podman --version 2>/dev/null)"
node=$(command -v node 2>/dev/null) && s nodePath "$node" && s nodeVersion "$(limited "$node" --version 2>/dev/null)"
test -x /var/lib/flotilla/node/bin/node && s pushedNode "$(limited /var/lib/flotilla/node/bin/node --version 2>/dev/null)"
command -v iptables >/dev/null && s iptables "$(iptables --version 2>/dev/null)"
printf '"missing":['
comma=
for program in sha256sum mktemp install systemctl ip iptables iptables-restore iptables-save nsenter mount; do
  command -v "$program" >/dev/null || { printf '%s"%s"' "$comma" "$program"; comma=,; }
done
printf '],'
n diskFreeBytes "$(df -Pk /var/lib 2>/dev/null | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')"
s glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d ' ' -f 2)"
n uid "$(id -u)"; n clock "$(date +%s)"
set -- $SSH_CONNECTION $connection
s address "$3"
s bundleSha256 "$(sum /var/lib/flotilla/agent/agent.cjs)"
s configSha256 "$(sum /var/lib/flotilla/agent/config.json)"
s unitSha256 "$(sum /etc/systemd/system/flotilla-agent.service)"
s unitState "$(systemctl is-active flotilla-agent.service 2>/dev/null)"
s stamp "$(cat /var/lib/flotilla/agent/stamp.json 2>/dev/null)"
printf '"end":0}\n'
`;

const addressScript = script`
printf '%s\n' "$SSH_CONNECTION"
`;

const probeTimeoutMs = 40_000;

/** Asks the host. `asRoot`: through sudo, which does not pass SSH_CONNECTION on, hence the other question first. */
export async function probeHost(
  connection: SshConnection,
  asRoot: boolean,
  signal: AbortSignal,
): Promise<Probe> {
  const options = { timeoutMs: probeTimeoutMs, signal };
  const whence = asRoot
    ? (await connection.exec(addressScript, { ...options, asRoot: false })).stdout.trim()
    : '';
  const result = await connection.exec(probeScript, {
    ...options,
    asRoot,
    args: [whence.split('\n')[0] ?? ''],
  });
  if (result.code !== 0 && !result.stdout.endsWith('"end":0}\n'))
    throw new HostFailure('UnsupportedSystem', `Cannot look at the host: ${printable(result.stderr)}`);
  return parseProbe(result.stdout);
}

/** Reads what the script printed; the host may have printed anything before it (a login banner). */
export function parseProbe(text: string): Probe {
  const start = text.indexOf('{"osId"');
  let value: unknown;
  try {
    value = JSON.parse(text.slice(Math.max(0, start)));
  } catch (error) {
    throw new HostFailure(
      'UnsupportedSystem',
      `Cannot read what the host says of itself: ${printable(text, 200)}`,
      {
        cause: error,
      },
    );
  }
  if (!isJsonObject(value))
    throw new HostFailure('UnsupportedSystem', 'Cannot read what the host says of itself');
  return probeFrom(value);
}

function probeFrom(value: JsonObject): Probe {
  const text = (field: string): string => {
    const found = value[field];
    return typeof found === 'string' ? printable(found, 4000) : '';
  };
  const count = (field: string): number => {
    const found = value[field];
    return typeof found === 'number' && Number.isFinite(found) ? found : 0;
  };
  const missing = value['missing'];
  return {
    osId: text('osId'),
    osLike: text('osLike'),
    osName: text('osName'),
    system: text('system'),
    machine: text('machine'),
    kernel: text('kernel'),
    cgroup: text('cgroup'),
    init: text('init'),
    docker: text('docker'),
    dockerError: text('dockerError'),
    containerd: text('containerd'),
    podman: text('podman'),
    nodePath: text('nodePath'),
    nodeVersion: text('nodeVersion'),
    pushedNode: text('pushedNode'),
    iptables: text('iptables'),
    missing: Array.isArray(missing) ? missing.filter((each) => typeof each === 'string') : [],
    diskFreeBytes: count('diskFreeBytes'),
    glibc: text('glibc'),
    uid: count('uid'),
    clock: count('clock'),
    address: text('address'),
    bundleSha256: text('bundleSha256'),
    configSha256: text('configSha256'),
    unitSha256: text('unitSha256'),
    unitState: text('unitState'),
    stamp: text('stamp'),
  };
}
