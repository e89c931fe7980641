import type { KubeObject } from '../../openapi/machinery/object.ts';

/** The name of the class that one of the annotations marks as default: of several the newest, then the first by name. */
export function defaultClass(classes: readonly KubeObject[], marks: readonly string[]): string | undefined {
  const marked = classes.filter(({ metadata }) =>
    marks.some((mark) => metadata?.annotations?.[mark] === 'true'),
  );
  const time = ({ metadata }: KubeObject): string => metadata?.creationTimestamp ?? '';
  const name = ({ metadata }: KubeObject): string => metadata?.name ?? '';
  const best = marked.reduce<KubeObject | undefined>((found, each) => {
    if (found === undefined || time(each) > time(found)) return each;
    return time(each) === time(found) && name(each) < name(found) ? each : found;
  }, undefined);
  return best === undefined ? undefined : name(best);
}
