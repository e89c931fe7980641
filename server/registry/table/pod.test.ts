import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../openapi/generated/types.ts';
import { podTable } from './pod.ts';

const now = Date.parse('2026-01-01T01:00:00Z');

function status(fields: Partial<ContainerStatus>): ContainerStatus {
  return { name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, ...fields };
}

const running = status({ ready: true, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } });
const ended = (exitCode: number, reason = ''): ContainerStatus =>
  status({ state: { terminated: { exitCode, reason } } });
const waiting = (reason: string): ContainerStatus => status({ state: { waiting: { reason } } });

function pod(parts: Partial<Pod> & { readonly init?: boolean }): Pod {
  return {
    metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z', ...parts.metadata },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      ...(parts.init === true ? { initContainers: [{ name: 'i', image: 'i' }] } : {}),
    },
    status: { phase: 'Pending', ...parts.status },
  };
}

describe('the columns of a pod', () => {
  it.each([
    { name: 'new', of: pod({}), cells: ['0/1', 'Pending', '0'] },
    {
      name: 'running',
      of: pod({ status: { phase: 'Running', containerStatuses: [running] } }),
      cells: ['1/1', 'Running', '0'],
    },
    {
      name: 'waiting',
      of: pod({ status: { containerStatuses: [waiting('ErrImagePull')] } }),
      cells: ['0/1', 'ErrImagePull', '0'],
    },
    {
      name: 'restarted five minutes ago',
      of: pod({
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              ...running,
              restartCount: 3,
              lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } },
            },
          ],
        },
      }),
      cells: ['1/1', 'Running', '3 (5m ago)'],
    },
    {
      name: 'failed without a reason',
      of: pod({ status: { phase: 'Failed', containerStatuses: [ended(3)] } }),
      cells: ['0/1', 'ExitCode:3', '0'],
    },
    {
      name: 'done',
      of: pod({ status: { phase: 'Succeeded', containerStatuses: [ended(0, 'Completed')] } }),
      cells: ['0/1', 'Completed', '0'],
    },
    {
      name: 'before its init container',
      of: pod({ init: true, status: { initContainerStatuses: [waiting('PodInitializing')] } }),
      cells: ['0/1', 'Init:0/1', '0'],
    },
    {
      name: 'with a failed init container',
      of: pod({ init: true, status: { initContainerStatuses: [ended(1, 'Error')] } }),
      cells: ['0/1', 'Init:Error', '0'],
    },
    {
      name: 'being deleted',
      of: pod({
        metadata: { deletionTimestamp: '2026-01-01T00:30:00Z' },
        status: { phase: 'Running', containerStatuses: [running] },
      }),
      cells: ['1/1', 'Terminating', '0'],
    },
    {
      name: 'lost with its node',
      of: pod({
        metadata: { deletionTimestamp: '2026-01-01T00:30:00Z' },
        status: { phase: 'Running', reason: 'NodeLost' },
      }),
      cells: ['0/1', 'Unknown', '0'],
    },
    {
      name: 'gated',
      of: pod({
        status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      }),
      cells: ['0/1', 'SchedulingGated', '0'],
    },
  ])('$name', ({ of, cells }) => {
    expect(podTable.row(of, now).cells.slice(1, 4)).toEqual(cells);
  });
});
