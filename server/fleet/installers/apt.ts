import { usesApt } from '../doctor.ts';
import { HostFailure, printable } from '../ssh/failure.ts';
import { script } from '../ssh/script.ts';
import type { InstallContext, RuntimeInstaller } from './installer.ts';

const installTimeoutMs = 15 * 60_000;

/** Waits for other package managers; keeps configuration files as they are; ends with the engine answering. */
const installScript = script`
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
options='-q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef'
apt-get $options update >&2
apt-get $options install --no-install-recommends docker.io iptables iproute2 ca-certificates >&2
systemctl enable --now docker.service >&2
for attempt in $(seq 60); do
  docker version >/dev/null 2>&1 && exit 0
  sleep 0.5
done
echo "docker does not answer after its installation: see journalctl -u docker" >&2
exit 1
`;

export const apt = {
  name: 'apt',
  handles: usesApt,
  async installDocker({ connection, asRoot, signal }: InstallContext) {
    const result = await connection.exec(installScript, { asRoot, timeoutMs: installTimeoutMs, signal });
    if (result.code === 0) return;
    const words = printable(result.stderr, 400);
    if (/No space left/i.test(words))
      throw new HostFailure('DiskFull', `Cannot install Docker: the disk is full (${words})`);
    throw new HostFailure('InstallFailed', `Cannot install Docker with apt-get: ${words}`);
  },
} satisfies RuntimeInstaller;
