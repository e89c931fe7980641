import { describe, expect, it } from '@jest/globals';
import type { PodSpec, SecurityContext } from '../../../openapi/generated/types.ts';
import { detailsText, reasonsText, violationsOf } from './evaluate.ts';
import type { Level } from './policy.ts';

function text(level: Level, spec: Partial<PodSpec>, version = Infinity): string {
  const pod = { metadata: {}, spec: { containers: [{ name: 'c' }], ...spec } };
  return detailsText(violationsOf({ level, version }, pod));
}

function one(securityContext: SecurityContext): Partial<PodSpec> {
  return { containers: [{ name: 'c', securityContext }] };
}

const hardened: SecurityContext = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const cases: { name: string; level: Level; spec: Partial<PodSpec>; version?: number; want: string }[] = [
  { name: 'privileged asks nothing', level: 'privileged', spec: { hostPID: true }, want: '' },
  { name: 'baseline lets a plain pod be', level: 'baseline', spec: {}, want: '' },
  { name: 'restricted lets a hardened pod be', level: 'restricted', spec: one(hardened), want: '' },
  {
    name: 'host namespaces',
    level: 'baseline',
    spec: { hostNetwork: true, hostIPC: true },
    want: 'host namespaces (hostNetwork=true, hostIPC=true)',
  },
  {
    name: 'privileged init and other containers, in this order',
    level: 'baseline',
    spec: {
      containers: [{ name: 'c', securityContext: { privileged: true } }],
      initContainers: [{ name: 'i', securityContext: { privileged: true } }],
    },
    want: 'privileged (containers "i", "c" must not set securityContext.privileged=true)',
  },
  {
    name: 'added capabilities',
    level: 'baseline',
    spec: one({ capabilities: { add: ['SYS_TIME', 'CHOWN', 'NET_ADMIN'] } }),
    want: 'non-default capabilities (container "c" must not include "NET_ADMIN", "SYS_TIME" in securityContext.capabilities.add)',
  },
  {
    name: 'host ports',
    level: 'baseline',
    spec: {
      containers: [
        {
          name: 'c',
          ports: [
            { containerPort: 1, hostPort: 9 },
            { containerPort: 2, hostPort: 10 },
          ],
        },
      ],
    },
    want: 'hostPort (container "c" uses hostPorts 10, 9)',
  },
  {
    name: 'sysctls',
    level: 'baseline',
    spec: {
      securityContext: {
        sysctls: [
          { name: 'kernel.msgmax', value: '1' },
          { name: 'net.ipv4.tcp_rmem', value: '1' },
        ],
      },
    },
    want: 'forbidden sysctls (kernel.msgmax)',
  },
  {
    name: 'a sysctl that was not safe yet in that version',
    level: 'baseline',
    version: 31,
    spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } },
    want: 'forbidden sysctls (net.ipv4.tcp_rmem)',
  },
  {
    name: 'SELinux options of the pod and of a container',
    level: 'baseline',
    spec: {
      securityContext: { seLinuxOptions: { type: 'odd_t' } },
      ...one({ seLinuxOptions: { user: 'u' } }),
    },
    want: 'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "odd_t"; user may not be set)',
  },
  {
    name: 'an unmasked proc in a pod with users of its own, which restricted refuses all the same',
    level: 'restricted',
    spec: { hostUsers: false, ...one({ ...hardened, procMount: 'Unmasked' }) },
    want: 'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  },
  {
    name: 'everything that a plain pod lacks',
    level: 'restricted',
    spec: {},
    want: 'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
  {
    name: 'the standards of 1.18 asked less',
    level: 'restricted',
    version: 18,
    spec: {},
    want: 'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
  },
  {
    name: 'volumes of the host are told once, by the stricter rule',
    level: 'restricted',
    spec: {
      ...one(hardened),
      volumes: [
        { name: 'v', hostPath: { path: '/' } },
        { name: 'e', emptyDir: {} },
      ],
    },
    want: 'restricted volume types (volume "v" uses restricted volume type "hostPath")',
  },
  {
    name: 'a Windows pod need not say what means nothing there',
    level: 'restricted',
    spec: { os: { name: 'windows' }, ...one({ runAsNonRoot: true }) },
    want: '',
  },
];

describe('violationsOf()', () => {
  for (const { name, level, spec, version, want } of cases)
    it(name, () => {
      expect(text(level, spec, version)).toBe(want);
    });

  it('has short reasons for lists of pods', () => {
    const pod = {
      metadata: {},
      spec: { containers: [], hostPID: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    };
    const violations = violationsOf({ level: 'baseline', version: Infinity }, pod);
    expect(reasonsText(violations)).toBe('host namespaces, hostPath volumes');
  });
});
