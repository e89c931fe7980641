import { describe, expect, it } from '@jest/globals';
import { logParameters } from './log.ts';

const read = (query: string): string => logParameters(new URLSearchParams(query), 'p').toString();

describe('the options of a log', () => {
  it.each([
    ['', ''],
    ['follow=true&previous=false', 'follow=true'],
    ['follow', 'follow=true'],
    ['timestamps=1&tailLines=0', 'timestamps=true&tailLines=0'],
    ['limitBytes=5&sinceSeconds=3', 'limitBytes=5&sinceSeconds=3'],
    ['sinceTime=2026-01-01T00:00:00Z', 'sinceTime=2026-01-01T00%3A00%3A00Z'],
    ['insecureSkipTLSVerifyBackend=true&container=c', ''],
  ])('%p is told to the agent as %p', (query, told) => {
    expect(read(query)).toBe(told);
  });

  it.each([
    ['tailLines=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['tailLines=-1', 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['limitBytes=0', 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0', 'sinceSeconds: Invalid value: 0: must be greater than 0'],
    ['sinceTime=yesterday', 'parsing time "yesterday"'],
    ['sinceTime=2026-01-01T00:00:00Z&sinceSeconds=3', 'at most one of `sinceTime` or `sinceSeconds`'],
    ['stream=Stdout', 'stream: Forbidden: may not be specified'],
  ])('%p is refused', (query, message) => {
    expect(() => read(query)).toThrow(message);
  });
});
