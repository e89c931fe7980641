import { describe, expect, it } from '@jest/globals';
import { plainPod, runPlugin } from '../../../test/fakes/admission.ts';
import { lookupOf } from '../../../test/fakes/lookup.ts';
import { persistentVolumeClaims } from '../../../openapi/generated/resources.ts';
import type {
  LimitRange,
  LimitRangeItem,
  Pod,
  ResourceRequirements,
} from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { limitRanger } from './limit-ranger.ts';

function over(...limits: LimitRangeItem[]): AdmissionPlugin {
  const range: LimitRange = {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'l', namespace: 'a' },
    spec: { limits },
  };
  return limitRanger(lookupOf([range]));
}

function podWith(...resources: ResourceRequirements[]): Pod {
  const containers = resources.map((each, i) => ({ name: `c${i}`, resources: each }));
  return { ...plainPod, spec: { containers } };
}

describe('LimitRanger', () => {
  it('fills in what containers leave out, and notes it', async () => {
    const plugin = over({
      type: 'Container',
      default: { cpu: '1', memory: '1Gi' },
      defaultRequest: { cpu: '100m' },
    });
    const object = podWith({}, { limits: { cpu: '2' }, requests: { cpu: '1' } });
    const made = (await runPlugin(plugin, { object })) as Pod;
    expect(made.spec?.containers.map(({ resources }) => resources)).toEqual([
      { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } },
      { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '1' } },
    ]);
    expect(made.metadata?.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu request for container c0; cpu, memory limit for container c0; memory limit for container c1',
    });
  });

  const refused: { name: string; item: LimitRangeItem; resources: ResourceRequirements[]; want: string }[] = [
    {
      name: 'too small a request',
      item: { type: 'Container', min: { cpu: '100m' } },
      resources: [{ requests: { cpu: '50m' } }],
      want: 'minimum cpu usage per Container is 100m, but request is 50m',
    },
    {
      name: 'no limit where there is a maximum',
      item: { type: 'Container', max: { cpu: '1' } },
      resources: [{}],
      want: 'maximum cpu usage per Container is 1.  No limit is specified',
    },
    {
      name: 'a limit too far above the request',
      item: { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      resources: [{ requests: { cpu: '100m' }, limits: { cpu: '300m' } }],
      want: 'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    },
    {
      name: 'containers that are too large together, with every fault',
      item: { type: 'Pod', max: { cpu: '1' }, min: { memory: '16Mi' } },
      resources: [{ limits: { cpu: '600m' } }, { limits: { cpu: '600m' } }],
      want: '[minimum memory usage per Pod is 16Mi.  No request is specified, maximum cpu usage per Pod is 1, but limit is 1200m]',
    },
  ];
  for (const { name, item, resources, want } of refused)
    it(`refuses ${name}`, async () => {
      await expect(runPlugin(over(item), { object: podWith(...resources) })).rejects.toMatchObject({
        code: 403,
        message: `pods "p" is forbidden: ${want}`,
      });
    });

  it('holds claims to their bounds by what they ask for', async () => {
    const plugin = over({ type: 'PersistentVolumeClaim', max: { storage: '2Gi' } });
    const object = {
      metadata: { name: 'c' },
      spec: { resources: { requests: { storage: '3Gi' } } },
    } as KubeObject;
    await expect(
      runPlugin(plugin, { resource: persistentVolumeClaims, name: 'c', object }),
    ).rejects.toMatchObject({
      message:
        'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    });
  });

  it('leaves changes of pods alone, but not their resizing', async () => {
    const plugin = over({ type: 'Container', max: { cpu: '1' } });
    const object = podWith({});
    const update = { operation: 'UPDATE' as const, object, oldObject: object };
    await expect(runPlugin(plugin, update)).resolves.toBe(object);
    await expect(runPlugin(plugin, { ...update, subresource: 'resize' })).rejects.toMatchObject({
      code: 403,
    });
  });
});
