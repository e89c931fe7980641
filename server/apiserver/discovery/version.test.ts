import { expect, it } from '@jest/globals';
import { gitVersion } from './version.ts';

it('is never taken for a pre-release', () => {
  expect(gitVersion('1.36.3', '0.2.0-rc.1')).toBe('v1.36.3+flotilla.0.2.0.rc.1');
});
