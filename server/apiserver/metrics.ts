import type { InFlight } from './filters/limits.ts';
import type { RequestInfo } from './request-info.ts';

type Counted = Pick<RequestInfo, 'verb' | 'group' | 'version' | 'resource' | 'subresource'>;

interface Series {
  readonly labels: string;
  count: number;
}

/** Counts of requests, in the names that Kubernetes gives them. */
export class Metrics {
  readonly #requests = new Map<string, Series>();

  /** Of what is served only: the names are kept. */
  count(info: Counted, code: number): void {
    const key = `${code} ${info.verb} ${info.group}/${info.version}/${info.resource}/${info.subresource}`;
    const known = this.#requests.get(key);
    if (known === undefined) this.#requests.set(key, { labels: labelsOf(info, code), count: 1 });
    else known.count++;
  }

  /** In Prometheus' text format. */
  text(inFlight: InFlight): string {
    return [
      '# TYPE apiserver_request_total counter',
      ...[...this.#requests.values()].map((each) => `apiserver_request_total{${each.labels}} ${each.count}`),
      '# TYPE apiserver_current_inflight_requests gauge',
      `apiserver_current_inflight_requests{request_kind="readOnly"} ${inFlight.reads}`,
      `apiserver_current_inflight_requests{request_kind="mutating"} ${inFlight.writes}`,
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
      '',
    ].join('\n');
  }
}

function labelsOf({ verb, group, version, resource, subresource }: Counted, code: number): string {
  const labels = { verb: verb.toUpperCase(), group, version, resource, subresource, code: String(code) };
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
}
