import { describe, expect, it } from '@jest/globals';
import { admissionRequest, plainPod, runPlugin } from '../../../test/fakes/admission.ts';
import { lookupOf } from '../../../test/fakes/lookup.ts';
import { deployments, namespaces } from '../../../openapi/generated/resources.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { AdmissionRequest } from '../plugin.ts';
import { podSecurity } from './pod-security.ts';

function namespace(labels: Record<string, string>): KubeObject {
  const prefixed = Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'a', labels: Object.fromEntries(prefixed) as Record<string, string> },
  };
}

const hostPid = { ...plainPod, spec: { containers: [{ name: 'c' }], hostPID: true } };

async function warningsOf(
  objects: readonly KubeObject[],
  given: Partial<AdmissionRequest>,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  await runPlugin(podSecurity(lookupOf(objects)), { ...given, warn });
  return warnings;
}

describe('PodSecurity', () => {
  it('refuses a pod that breaks what is enforced', async () => {
    const run = runPlugin(podSecurity(lookupOf([namespace({ enforce: 'baseline' })])), { object: hostPid });
    await expect(run).rejects.toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    });
  });

  it('warns of a pod and of a workload, and lets them pass', async () => {
    const warning = 'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)';
    const labelled = [namespace({ warn: 'baseline' })];
    expect(await warningsOf(labelled, { object: hostPid })).toEqual([warning]);
    const object = { metadata: { name: 'd' }, spec: { template: { spec: hostPid.spec } } } as KubeObject;
    expect(await warningsOf([namespace({ enforce: 'baseline' })], { resource: deployments, object })).toEqual(
      [warning],
    );
  });

  it('looks at a change of a pod only when other images come', async () => {
    const plugin = podSecurity(lookupOf([namespace({ enforce: 'baseline' })]));
    const change = { operation: 'UPDATE' as const, object: hostPid, oldObject: hostPid };
    await expect(runPlugin(plugin, change)).resolves.toBe(hostPid);
    const containers = [{ name: 'c', image: 'new' }];
    const object = { ...hostPid, spec: { ...hostPid.spec, containers } };
    await expect(runPlugin(plugin, { ...change, object })).rejects.toMatchObject({ code: 403 });
    await expect(runPlugin(plugin, { ...change, object, subresource: 'status' })).resolves.toBe(object);
  });

  it('refuses labels that mean nothing, but not those that were there before', async () => {
    const plugin = podSecurity(lookupOf([]));
    const object = namespace({ enforce: 'strict' });
    const create = admissionRequest({ resource: namespaces, name: 'a', object });
    await expect(runPlugin(plugin, create)).rejects.toMatchObject({ code: 422 });
    await expect(runPlugin(plugin, { ...create, operation: 'UPDATE', oldObject: object })).resolves.toBe(
      object,
    );
  });

  it('warns of the pods that a stricter label finds, alike ones together', async () => {
    const named = (name: string): KubeObject => ({ ...hostPid, metadata: { name, namespace: 'a' } });
    const warnings = await warningsOf([named('y'), named('x'), named('z'), { ...plainPod }], {
      resource: namespaces,
      operation: 'UPDATE',
      name: 'a',
      object: namespace({ enforce: 'baseline' }),
      oldObject: namespace({}),
    });
    expect(warnings).toEqual([
      'existing pods in namespace "a" violate the new PodSecurity enforce level "baseline:latest"',
      'x (and 2 other pods): host namespaces',
    ]);
  });
});
