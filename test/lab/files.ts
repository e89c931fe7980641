import { stringify } from 'yaml';
import type { HostPlace } from './host.ts';
import type { LabPlan } from './options.ts';

export function knownHostsText(places: readonly HostPlace[], keys: readonly string[]): string {
  return places
    .map((place, at) => {
      const [type = '', key = ''] = (keys[at] ?? '').split(' ');
      return `${place.name},${place.address} ${type} ${key}\n`;
    })
    .join('');
}

/** `ssh -F FILE lab-1` just works, without a look at the user's own configuration. */
export function sshConfigText(plan: LabPlan, places: readonly HostPlace[]): string {
  const hosts = places.map(
    ({ name, address }) => `Host ${name}\n  HostName ${address}\n  HostKeyAlias ${name}\n`,
  );
  const all = [
    'Host *',
    '  User root',
    `  IdentityFile ${plan.directory}/id_ed25519`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${plan.directory}/known_hosts`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '  ConnectTimeout 5',
    '  LogLevel ERROR',
    '',
  ];
  return [...hosts, all.join('\n')].join('');
}

export function fleetText(
  plan: LabPlan,
  places: readonly HostPlace[],
  fingerprints: readonly string[],
): string {
  return stringify({
    apiVersion: 'flotilla.dev/v1alpha1',
    kind: 'Fleet',
    hosts: places.map((place, at) => ({
      name: place.name,
      ssh: {
        host: place.address,
        user: 'root',
        identityFile: `${plan.directory}/id_ed25519`,
        hostKey: fingerprints[at] ?? '',
      },
      ...(plan.runtime === 'none' ? { runtime: { install: 'docker' } } : {}),
    })),
  });
}
