import { isIP } from 'node:net';
import { hosts } from '../../../openapi/generated/resources.ts';
import type { Host, HostSSH } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { labelProblems } from '../generic/metadata.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { hostTable } from '../table/others.ts';
import { cidrFaults } from '../validation/addresses.ts';
import { oneOf, portNumber, texts } from '../validation/field-errors.ts';
import { dnsLabel, nameRule } from '../validation/names.ts';
import { taintFaults } from '../validation/taints.ts';

/** Nothing that ssh or a shell could take for an option or an instruction. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

export const hostStrategy: Strategy<Host> = {
  resource: hosts,
  // The node takes the host's name, and a node's name is a host name.
  validateName: nameRule(dnsLabel),
  validate: ({ spec }) => [
    ...sshFaults('spec.ssh', spec.ssh),
    ...labelProblems(spec.labels ?? {}, 'spec.labels'),
    ...taintFaults('spec.taints', spec.taints ?? []),
    ...oneOf('spec.runtime.install', spec.runtime?.install, ['docker', 'containerd', 'none']),
    ...(spec.nodeName === undefined || spec.nodeName === ''
      ? []
      : texts('spec.nodeName', spec.nodeName, dnsLabel)),
    ...(spec.podCIDR === undefined || spec.podCIDR === '' ? [] : cidrFaults('spec.podCIDR', spec.podCIDR)),
  ],
  generationGrows: specChanged,
  fields: ({ status }) => ({ 'status.phase': status?.phase ?? '' }),
  selectableFields: ['status.phase'],
  table: hostTable,
};

function sshFaults(path: string, ssh: HostSSH | undefined): FieldError[] {
  if (ssh === undefined || ssh.host === '') return [required(`${path}.host`)];
  const { hostKey = '', jump = '', user = '' } = ssh;
  return [
    ...nameFaults(`${path}.host`, ssh.host),
    ...(user === '' ? [] : nameFaults(`${path}.user`, user)),
    ...(jump === '' ? [] : jumpFaults(`${path}.jump`, jump)),
    ...(ssh.port === undefined ? [] : portNumber(`${path}.port`, ssh.port)),
    ...(hostKey === '' || /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(hostKey)
      ? []
      : [
          invalidValue(
            `${path}.hostKey`,
            hostKey,
            'must be "SHA256:" and the fingerprint in base64, as ssh-keygen -l prints it',
          ),
        ]),
  ];
}

/** `jump` is one of ssh's own: "bastion", "user@bastion", "user@bastion:2222". */
function jumpFaults(path: string, jump: string): FieldError[] {
  const match = /^(?:([^@]*)@)?(.*?)(?::(\d{1,5}))?$/.exec(jump);
  if (isIP(jump) !== 0) return [];
  const [, user, host = '', port] = match ?? [];
  const good =
    (user === undefined || plainName.test(user)) &&
    (plainName.test(host) || isIP(host) !== 0) &&
    (port === undefined || (Number(port) >= 1 && Number(port) <= 65535));
  return good
    ? []
    : [invalidValue(path, jump, `must be a host name or an address, with user and port at most`)];
}

function nameFaults(path: string, name: string): FieldError[] {
  if (isIP(name) !== 0 || (name.length <= 253 && plainName.test(name))) return [];
  const text = `must be an IP address or match ${plainName.source}`;
  return [invalidValue(path, name, text)];
}
