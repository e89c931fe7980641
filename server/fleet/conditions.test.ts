import { describe, expect, it } from '@jest/globals';
import { withCondition } from './conditions.ts';

describe('withCondition()', () => {
  const at = { nowMs: Date.UTC(2026, 0, 1), generation: 1 };
  const later = { nowMs: Date.UTC(2026, 0, 2), generation: 2 };
  const connected = withCondition(
    [],
    'Connecting',
    { status: 'True', reason: 'Connected', message: 'a' },
    at,
  );

  it('adds a condition for each step', () => {
    const both = withCondition(
      connected,
      'Probing',
      { status: 'Unknown', reason: 'InProgress', message: '' },
      later,
    );
    expect(both.map(({ type, status }) => [type, status])).toEqual([
      ['Connected', 'True'],
      ['Probed', 'Unknown'],
    ]);
  });
  it('moves the time only when the status changes', () => {
    const again = withCondition(
      connected,
      'Connecting',
      { status: 'True', reason: 'Connected', message: 'b' },
      later,
    );
    expect(again[0]).toMatchObject({
      message: 'b',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 2,
    });
    const lost = withCondition(
      connected,
      'Connecting',
      { status: 'False', reason: 'Lost', message: '' },
      later,
    );
    expect(lost[0]?.lastTransitionTime).toBe('2026-01-02T00:00:00Z');
  });
  it('forgets what came after a step that is told of anew', () => {
    const ready = withCondition(connected, 'Ready', { status: 'True', reason: 'Joined', message: '' }, at);
    const lost = withCondition(ready, 'Connecting', { status: 'False', reason: 'Lost', message: '' }, later);
    expect(lost.map(({ type }) => type)).toEqual(['Connected']);
  });
});
