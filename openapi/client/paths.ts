import { apiVersionOf, type Resource } from '../machinery/resource.ts';

interface Target {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** "/apis/apps/v1/namespaces/default/deployments/web/status"; without a namespace the collection of all of them. */
export function resourcePath(resource: Resource, target: Target = {}): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const namespace =
    resource.namespaced && target.namespace !== undefined && target.namespace !== ''
      ? `/namespaces/${encodeURIComponent(target.namespace)}`
      : '';
  const name = target.name === undefined ? '' : `/${encodeURIComponent(target.name)}`;
  const subresource = target.subresource === undefined ? '' : `/${target.subresource}`;
  return `${root}/${apiVersionOf(resource)}${namespace}/${resource.plural}${name}${subresource}`;
}

/** "?a=b&c=d" of what is defined, or "". */
export function queryText(fields: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
