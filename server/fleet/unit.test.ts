import { describe, expect, it } from '@jest/globals';
import { unitText } from './unit.ts';

describe('unitText()', () => {
  it('keeps containers over a restart of the agent', () => {
    const text = unitText('/usr/bin/node', 'admin');
    expect(text).toContain('KillMode=process\n');
    expect(text).toContain('Delegate=yes\n');
    expect(text).toContain(
      'ExecStart=/usr/bin/node --max-semi-space-size=2 /var/lib/flotilla/agent/agent.cjs run\n',
    );
    expect(text).toContain('install -d -m 0700 -o admin /run/flotilla\n');
  });
  for (const [path, user] of [
    ['/opt/my node', 'root'],
    ['/usr/bin/node', 'a b'],
    ['/usr/bin/node\nExecStartPre=x', 'root'],
  ] as const)
    it(`refuses ${JSON.stringify([path, user])}`, () => {
      expect(() => unitText(path, user)).toThrow('Broken invariant');
    });
});
