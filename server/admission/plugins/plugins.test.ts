import { describe, expect, it } from '@jest/globals';
import {
  nodes,
  priorityClasses,
  serviceAccounts,
  configMaps,
  namespaces,
} from '../../../openapi/generated/resources.ts';
import type { Pod } from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { hastyClock, plainPod, runPlugin } from '../../../test/fakes/admission.ts';
import { lookupOf } from '../../../test/fakes/lookup.ts';
import type { AdmissionRequest } from '../plugin.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { priority } from './priority.ts';
import { serviceAccount, type ServiceAccountDependencies } from './service-account.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

const pod = plainPod;

describe('NamespaceLifecycle', () => {
  const lookup = lookupOf([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } },
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'ending', deletionTimestamp: '2026-11-21T00:00:00Z' },
    },
  ]);
  const plugin = namespaceLifecycle(lookup);
  const refused = [
    {
      name: 'a missing namespace',
      given: { namespace: 'none' },
      want: { code: 404, message: 'namespaces "none" not found' },
    },
    {
      name: 'one that is ending',
      given: { namespace: 'ending', resource: configMaps, name: 'c' },
      want: {
        code: 403,
        message:
          'configmaps "c" is forbidden: unable to create new content in namespace ending because it is being terminated',
        details: {
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: 'namespace ending is being terminated',
              field: 'metadata.namespace',
            },
          ],
        },
      },
    },
    {
      name: 'the deletion of kube-system',
      given: {
        operation: 'DELETE' as const,
        resource: namespaces,
        namespace: 'kube-system',
        name: 'kube-system',
        object: undefined,
      },
      want: {
        code: 403,
        message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
      },
    },
  ];
  for (const { name, given, want } of refused)
    it(`refuses ${name}`, async () => {
      await expect(runPlugin(plugin, given)).rejects.toMatchObject(want);
    });
  it('lets the rest pass', async () => {
    expect(await runPlugin(plugin)).toBe(pod);
  });
});

describe('ServiceAccount', () => {
  const over = (objects: readonly KubeObject[]): ServiceAccountDependencies => ({
    lookup: lookupOf(objects),
    clock: hastyClock,
    random: () => 0,
  });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'a' } };
  it('mounts the token of the default account', async () => {
    const made = (await runPlugin(serviceAccount(over([account])))) as Pod;
    expect(made.spec?.serviceAccountName).toBe('default');
    expect(made.spec?.volumes?.[0]?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(made.spec?.containers[0]?.volumeMounts).toEqual([
      {
        name: made.spec?.volumes?.[0]?.name,
        readOnly: true,
        mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      },
    ]);
  });
  it('mounts nothing where the pod wants none', async () => {
    const object = { ...pod, spec: { containers: [{ name: 'c' }], automountServiceAccountToken: false } };
    const made = (await runPlugin(serviceAccount(over([account])), { object })) as Pod;
    expect(made.spec?.volumes).toBeUndefined();
  });
  it('refuses an account that is not there', async () => {
    await expect(runPlugin(serviceAccount(over([])))).rejects.toMatchObject({
      message:
        'pods "p" is forbidden: error looking up service account a/default: serviceaccount "default" not found',
    });
  });
});

describe('Priority', () => {
  const lookup = lookupOf([
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'high' },
      value: 1000,
    } as KubeObject,
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'usual' },
      value: 5,
      globalDefault: true,
    } as KubeObject,
  ]);
  const withSpec = (spec: object): Partial<AdmissionRequest> => ({
    object: { ...pod, spec: { containers: [], ...spec } } as Pod,
  });
  it('takes the value of the class', async () => {
    expect(
      ((await runPlugin(priority(lookup), withSpec({ priorityClassName: 'high' }))) as Pod).spec,
    ).toMatchObject({ priority: 1000, preemptionPolicy: 'PreemptLowerPriority' });
  });
  it('takes the default class, and zero where there is none', async () => {
    expect(((await runPlugin(priority(lookup))) as Pod).spec).toMatchObject({
      priority: 5,
      priorityClassName: 'usual',
    });
    expect(((await runPlugin(priority(lookupOf([])))) as Pod).spec).toMatchObject({ priority: 0 });
  });
  it('refuses an unknown class, and a number that differs', async () => {
    await expect(runPlugin(priority(lookup), withSpec({ priorityClassName: 'x' }))).rejects.toMatchObject({
      message: 'pods "p" is forbidden: no PriorityClass with name x was found',
    });
    await expect(
      runPlugin(priority(lookup), withSpec({ priorityClassName: 'high', priority: 7 })),
    ).rejects.toMatchObject({ code: 403 });
  });
  it('refuses a second default class', async () => {
    const object = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'two' },
      globalDefault: true,
    } as KubeObject;
    await expect(
      runPlugin(priority(lookup), { resource: priorityClasses, name: 'two', object }),
    ).rejects.toMatchObject({
      message:
        'priorityclasses.scheduling.k8s.io "two" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    });
  });
});

describe('DefaultTolerationSeconds', () => {
  it('adds five minutes for what the pod does not tolerate by itself', async () => {
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', tolerationSeconds: 5 };
    const object = { ...pod, spec: { containers: [], tolerations: [own] } };
    expect(((await runPlugin(defaultTolerationSeconds, { object })) as Pod).spec?.tolerations).toEqual([
      own,
      {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      },
    ]);
  });
});

describe('TaintNodesByCondition', () => {
  it('taints a new node as not ready', async () => {
    const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };
    expect(await runPlugin(taintNodesByCondition, { resource: nodes, object })).toMatchObject({
      spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
    });
  });
});

describe('NodeRestriction', () => {
  const user = { name: 'system:node:n1', groups: ['system:nodes'] };
  const node = (name: string, labels = {}, spec = {}): KubeObject =>
    ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec }) as KubeObject;
  const onNode = (nodeName: string): Pod => ({ ...pod, spec: { nodeName, containers: [] } });
  const plugin = nodeRestriction(
    lookupOf([
      {
        ...onNode('n1'),
        metadata: { name: 'p', namespace: 'a', uid: 'u1' },
        spec: {
          nodeName: 'n1',
          containers: [],
          volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
        },
      } as Pod,
    ]),
    { authorize: () => ({ allowed: false, denied: false, reason: '' }) },
  );
  const cases: { name: string; given: Partial<AdmissionRequest>; want: RegExp | undefined }[] = [
    {
      name: 'its own node',
      given: { resource: nodes, name: 'n1', object: node('n1'), oldObject: node('n1'), operation: 'UPDATE' },
      want: undefined,
    },
    {
      name: 'another node',
      given: { resource: nodes, name: 'n2', object: node('n2'), oldObject: node('n2'), operation: 'UPDATE' },
      want: /is not allowed to modify node "n2"/,
    },
    {
      name: 'its own taints',
      given: {
        resource: nodes,
        name: 'n1',
        object: node('n1', {}, { taints: [{ key: 'a', effect: 'NoSchedule' }] }),
        oldObject: node('n1'),
        operation: 'UPDATE',
      },
      want: /modify taints/,
    },
    {
      name: 'a label for administrators',
      given: {
        resource: nodes,
        name: 'n1',
        object: node('n1', { 'node-restriction.kubernetes.io/a': 'b' }),
        oldObject: node('n1'),
        operation: 'UPDATE',
      },
      want: /labels: node-restriction/,
    },
    {
      name: 'a label of its own',
      given: {
        resource: nodes,
        name: 'n1',
        object: node('n1', { 'kubernetes.io/hostname': 'b', disk: 'big' }),
        oldObject: node('n1'),
        operation: 'UPDATE',
      },
      want: undefined,
    },
    {
      name: 'the status of its pod',
      given: { subresource: 'status', object: onNode('n1'), oldObject: onNode('n1'), operation: 'UPDATE' },
      want: undefined,
    },
    {
      name: 'the status of a pod elsewhere',
      given: { subresource: 'status', object: onNode('n2'), oldObject: onNode('n2'), operation: 'UPDATE' },
      want: /can only update pod status for/,
    },
    {
      name: 'the deletion of a pod elsewhere',
      given: { object: undefined, oldObject: onNode('n2'), operation: 'DELETE' },
      want: /can only delete pods/,
    },
    { name: 'a pod of its own making', given: { object: onNode('n1') }, want: /can only create mirror pods/ },
    {
      name: 'a token without a pod',
      given: {
        resource: serviceAccounts,
        subresource: 'token',
        name: 'default',
        object: { spec: {} } as KubeObject,
      },
      want: /not bound to a pod/,
    },
    {
      name: 'a token for its pod',
      given: {
        resource: serviceAccounts,
        subresource: 'token',
        name: 'default',
        object: {
          spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u1' } },
        } as KubeObject,
      },
      want: undefined,
    },
  ];
  for (const { name, given, want } of cases)
    it(`${want === undefined ? 'allows' : 'refuses'} a node ${name}`, async () => {
      const done = runPlugin(plugin, { user, ...given });
      if (want === undefined) await expect(done).resolves.not.toThrow();
      else await expect(done).rejects.toMatchObject({ code: 403, message: expect.stringMatching(want) });
    });
});
