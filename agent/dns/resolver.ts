import { decode } from 'dns-packet';
import type { Clock } from '../../openapi/machinery/clock.ts';
import { AnswerCache } from './answer-cache.ts';
import { answerQuestion, type AnswerOptions } from './answer.ts';
import {
  encodeAnswer,
  encodeFailure,
  parseQuery,
  Rcode,
  type Answer,
  type Query,
  type ResourceRecord,
} from './message.ts';
import type { Upstream } from './upstream.ts';

/** A chain of CNAMEs within the cluster ends here. */
const followsMax = 8;

export interface ResolverOptions extends AnswerOptions {
  readonly upstream: Pick<Upstream, 'ask'>;
  /** False until the cluster's names are known: then its zone fails, rather than deny what exists. */
  readonly isReady: () => boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
}

export type DnsTransport = 'udp' | 'tcp';

/** Answers one message: from the zone, from the cache, or from the host's name servers. */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #cache: AnswerCache;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#cache = new AnswerCache(() => options.clock.monotonic());
  }

  /** Undefined: say nothing. Never rejects. */
  async resolve(message: Buffer, transport: DnsTransport, signal: AbortSignal): Promise<Buffer | undefined> {
    const query = parseQuery(message);
    if (query === undefined) return undefined;
    if (typeof query === 'number') return encodeFailure(message, query);
    try {
      return await this.#resolve(message, query, transport, signal);
    } catch {
      return encodeFailure(message, Rcode.ServFail);
    }
  }

  async #resolve(
    message: Buffer,
    query: Query,
    transport: DnsTransport,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const verdict = answerQuestion(query.name, query.type, this.#options);
    if (verdict.kind === 'forward') return this.#forward(message, query, transport, signal);
    if (!this.#options.isReady()) return encodeFailure(message, Rcode.ServFail);
    const answer =
      verdict.kind === 'answer'
        ? verdict.answer
        : await this.#follow(verdict.answer, verdict.target, query, signal);
    return encodeAnswer(message, query, answer, transport === 'udp' ? query.sizeMax : 65_535);
  }

  async #forward(
    message: Buffer,
    query: Query,
    transport: DnsTransport,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const key = `${transport} ${message.subarray(2, 4).toString('hex')} ${message.subarray(12).toString('latin1')}`;
    const cached = this.#cache.get(key, query.id);
    if (cached !== undefined) return cached;
    const answer = await this.#options.upstream.ask(message, transport, signal);
    if (answer === undefined) return encodeFailure(message, Rcode.ServFail);
    this.#cache.set(key, answer);
    return answer;
  }

  /** The records that the target of an ExternalName has, behind the CNAME, as clients expect of a resolver. */
  async #follow(answer: Answer, first: string, query: Query, signal: AbortSignal): Promise<Answer> {
    const answers = [...answer.answers];
    let target = first;
    for (let i = 0; i < followsMax; i++) {
      const verdict = answerQuestion(target, query.type, this.#options);
      if (verdict.kind === 'answer')
        return { ...verdict.answer, answers: [...answers, ...verdict.answer.answers] };
      if (verdict.kind === 'forward') {
        return { ...answer, answers: [...answers, ...(await this.#addressesOf(target, query, signal))] };
      }
      answers.push(...verdict.answer.answers);
      target = verdict.target;
    }
    return { ...answer, rcode: Rcode.ServFail, answers: [] };
  }

  async #addressesOf(target: string, query: Query, signal: AbortSignal): Promise<ResourceRecord[]> {
    if (query.type !== 'A') return [];
    const answer = await this.#options.upstream.ask(addressQuery(target), 'tcp', signal);
    const reply = answer ?? (await this.#options.upstream.ask(addressQuery(target), 'udp', signal));
    if (reply === undefined) return [];
    return (decode(reply).answers ?? []).flatMap((each): ResourceRecord[] =>
      each.type === 'A' || each.type === 'CNAME'
        ? [{ type: each.type, name: each.name, data: each.data }]
        : [],
    );
  }
}

function addressQuery(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}
