import { describe, expect, it } from '@jest/globals';
import { plainPod, runPlugin } from '../../../test/fakes/admission.ts';
import { lookupOf } from '../../../test/fakes/lookup.ts';
import type { Pod, PodSpec, RuntimeClass } from '../../../openapi/generated/types.ts';
import { runtimeClass } from './runtime-class.ts';

const kata: RuntimeClass = {
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name: 'kata' },
  handler: 'kata',
  overhead: { podFixed: { cpu: '250m' } },
  scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
};

async function made(spec: Partial<PodSpec>): Promise<PodSpec | undefined> {
  const object: Pod = { ...plainPod, spec: { containers: [], runtimeClassName: 'kata', ...spec } };
  return ((await runPlugin(runtimeClass(lookupOf([kata])), { object })) as Pod).spec;
}

describe('RuntimeClass', () => {
  it('gives a pod its overhead and its place', async () => {
    expect(await made({ nodeSelector: { disk: 'big' } })).toMatchObject({
      overhead: { cpu: '250m' },
      nodeSelector: { disk: 'big', vm: 'yes' },
      tolerations: [{ key: 'vm', operator: 'Exists' }],
    });
  });

  it('keeps the wider of two tolerations', async () => {
    const tolerations = [{ key: 'vm', operator: 'Exists', effect: 'NoSchedule' }];
    expect((await made({ tolerations }))?.tolerations).toEqual([{ key: 'vm', operator: 'Exists' }]);
  });

  const refused: { name: string; spec: Partial<PodSpec>; want: string }[] = [
    {
      name: 'a class that is not there',
      spec: { runtimeClassName: 'ghost' },
      want: 'pod rejected: RuntimeClass "ghost" not found',
    },
    {
      name: 'another overhead',
      spec: { overhead: { cpu: '1' } },
      want: "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    },
    {
      name: 'a node selector that contradicts',
      spec: { nodeSelector: { vm: 'no' } },
      want: 'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    },
  ];
  for (const { name, spec, want } of refused)
    it(`refuses ${name}`, async () => {
      await expect(made(spec)).rejects.toMatchObject({ message: `pods "p" is forbidden: ${want}` });
    });

  it('refuses an overhead without a class', async () => {
    const object = { ...plainPod, spec: { containers: [], overhead: { cpu: '1' } } };
    await expect(runPlugin(runtimeClass(lookupOf([])), { object })).rejects.toMatchObject({
      message:
        'pods "p" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    });
  });
});
