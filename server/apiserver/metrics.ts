import type { InFlight } from './filters/limits.ts';
import type { RequestInfo } from './request-info.ts';

const seriesMax = 5000;

/** Counts of requests, in the names that Kubernetes gives them. */
export class Metrics {
  readonly #requests = new Map<string, number>();

  count(info: RequestInfo, code: number): void {
    const { verb, group, version, resource, subresource } = info;
    const labels = { verb: verb.toUpperCase(), group, version, resource, subresource, code: String(code) };
    const text = Object.entries(labels)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(',');
    const known = this.#requests.get(text);
    // Paths are the clients' to invent: their number is not.
    if (known === undefined && this.#requests.size >= seriesMax) return;
    this.#requests.set(text, (known ?? 0) + 1);
  }

  /** In Prometheus' text format. */
  text(inFlight: InFlight): string {
    const requests = [...this.#requests].map(
      ([labels, count]) => `apiserver_request_total{${labels}} ${count}`,
    );
    return [
      '# TYPE apiserver_request_total counter',
      ...requests,
      '# TYPE apiserver_current_inflight_requests gauge',
      `apiserver_current_inflight_requests{request_kind="readOnly"} ${inFlight.reads}`,
      `apiserver_current_inflight_requests{request_kind="mutating"} ${inFlight.writes}`,
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
      '',
    ].join('\n');
  }
}
