import { usableNode } from './doctor.ts';
import type { Site } from './agent-install.ts';
import { HostFailure, printable } from './ssh/failure.ts';
import { script } from './ssh/script.ts';

const removeTimeoutMs = 5 * 60_000;

/**
 * Leaves nothing of Flotilla on the host. May run on a host that was half installed, and twice. A server that keeps its data on
 * this very host (/var/lib/flotilla/server) is spared.
 */
const removeScript = script`
IFS= read -r node
systemctl disable --now flotilla-agent.service >/dev/null 2>&1
status=0
if test -n "$node" && test -x "$node" && test -f /var/lib/flotilla/agent/agent.cjs; then
  timeout 240 "$node" /var/lib/flotilla/agent/agent.cjs cleanup || status=70
fi
test "$status" = 0 || exit "$status"
rm -f /etc/systemd/system/flotilla-agent.service /etc/systemd/system/multi-user.target.wants/flotilla-agent.service
systemctl daemon-reload
systemctl reset-failed flotilla-agent.service >/dev/null 2>&1
awk '$2 ~ "^/var/lib/flotilla/" && $2 !~ "^/var/lib/flotilla/server(/|$)" { print $2 }' /proc/mounts | sort -r | while IFS= read -r mount; do umount -l "$mount"; done
if test -d /var/lib/flotilla; then
  find /var/lib/flotilla -mindepth 1 -maxdepth 1 ! -name server -exec rm -rf --one-file-system {} + || status=71
  rmdir /var/lib/flotilla 2>/dev/null
fi
rm -rf /run/flotilla || status=71
exit "$status"
`;

/** Rejects with HostFailure when something stays. */
export async function removeAgent(site: Site): Promise<void> {
  const { connection, asRoot, probe, signal } = site;
  const result = await connection.exec(removeScript, {
    args: [usableNode(probe)?.path ?? ''],
    asRoot,
    timeoutMs: removeTimeoutMs,
    signal,
  });
  if (result.code === 0) return;
  const words = printable(result.stderr === '' ? result.stdout : result.stderr);
  throw new HostFailure('CommandFailed', `Cannot clean up the host (exit code ${result.code}): ${words}`);
}
