import { RE2JS } from 're2js';

/** Compiled once: RE2's expressions, which take time in proportion to the text, whoever wrote them. */
const compiled = new Map<string, RE2JS>();
const compiledMax = 2000;

/** What is wrong with a pattern; undefined when it can be used. */
export function patternFault(pattern: string): string | undefined {
  try {
    compile(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether the text holds a match. Throws for a pattern with a fault. */
export function matchesPattern(pattern: string, text: string): boolean {
  return compile(pattern).matcher(text).find();
}

function compile(pattern: string): RE2JS {
  let expression = compiled.get(pattern);
  if (expression !== undefined) return expression;
  expression = RE2JS.compile(pattern);
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(pattern, expression);
  return expression;
}
