import { expect, it } from '@jest/globals';
import { rewriteLinks } from './link-rewriter.ts';

it.each([
  ['<a href="/x">', '<a href="/proxy/x">'],
  ["<img SRC = '/x.png'>", "<img SRC = '/proxy/x.png'>"],
  ['<a href="/proxy/x">', '<a href="/proxy/x">'],
  ['<a href="//host/x">', '<a href="//host/x">'],
  ['<a href="x">', '<a href="x">'],
  ['<a href="https://host/x">', '<a href="https://host/x">'],
  ['text href="no tag', 'text href="no tag'],
])('%s becomes %s', (page, rewritten) => {
  expect(rewriteLinks(page, '/proxy')).toBe(rewritten);
});
