import { Rcode, type Answer, type ResourceRecord } from './message.ts';
import type { NameRecords, Srv } from './service-records.ts';
import type { Zone } from './zone.ts';

/** What to do with a question: an answer, or what somebody else has to say to it. */
export type Verdict =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** The answer so far is `answer`; records of `target` belong behind it. */
  | { readonly kind: 'follow'; readonly answer: Answer; readonly target: string }
  | { readonly kind: 'forward' };

const reverseName = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;
const specification = '1.1.0';

export interface AnswerOptions {
  readonly zone: Zone;
  /** Whether an address belongs to the cluster: then nobody else knows its name. */
  readonly isOwnAddress: (address: string) => boolean;
  /** In [0, 1): which address stands first. */
  readonly random: () => number;
}

/** Answers `name` (any case) and `type` from the zone. */
export function answerQuestion(name: string, type: string, options: AnswerOptions): Verdict {
  const asked = name.toLowerCase();
  const { zone } = options;
  if (asked === zone.name || asked.endsWith(`.${zone.name}`)) return inZone(asked, type, options);
  const reverse = reverseName.exec(asked)?.slice(1, 5).reverse().join('.');
  return reverse === undefined ? { kind: 'forward' } : reverseAnswer(asked, reverse, type, options);
}

function reverseAnswer(asked: string, address: string, type: string, options: AnswerOptions): Verdict {
  const names = options.zone.namesOf(address);
  if (names.length === 0 && !options.isOwnAddress(address)) return { kind: 'forward' };
  if (names.length === 0) return missing(options.zone, Rcode.NxDomain);
  const records = type === 'PTR' || type === 'ANY' ? names : [];
  return found(
    options.zone,
    records.map((data) => ({ type: 'PTR', name: asked, data })),
  );
}

function inZone(asked: string, type: string, options: AnswerOptions): Verdict {
  const { zone } = options;
  const special = specialName(asked, type, zone);
  if (special !== undefined) return special;
  const result = zone.find(asked);
  if (!result.exists) return missing(zone, Rcode.NxDomain);
  if (result.records.cname !== undefined) {
    const cname: ResourceRecord = { type: 'CNAME', name: asked, data: result.records.cname };
    const answer = answerOf([cname]);
    return type === 'CNAME' ? { kind: 'answer', answer } : { kind: 'follow', answer, target: cname.data };
  }
  return found(
    zone,
    recordsOf(asked, type, result.records, options.random),
    additionalsOf(type, result.records, zone),
  );
}

function specialName(asked: string, type: string, zone: Zone): Verdict | undefined {
  if (asked === `dns-version.${zone.name}`) {
    return found(
      zone,
      type === 'TXT' || type === 'ANY' ? [{ type: 'TXT', name: asked, data: specification }] : [],
    );
  }
  if (asked === zone.name && type === 'SOA') return { kind: 'answer', answer: answerOf([soaOf(zone)]) };
  if (asked === zone.name && type === 'NS')
    return found(zone, [{ type: 'NS', name: asked, data: `ns.dns.${zone.name}` }]);
  return undefined;
}

function recordsOf(
  asked: string,
  type: string,
  records: NameRecords,
  random: () => number,
): ResourceRecord[] {
  const wantsAll = type === 'ANY';
  const addresses = type === 'A' || wantsAll ? rotate(records.a ?? [], random) : [];
  const services = type === 'SRV' || wantsAll ? (records.srv ?? []) : [];
  return [
    ...addresses.map((data): ResourceRecord => ({ type: 'A', name: asked, data })),
    ...services.map((data): ResourceRecord => ({ type: 'SRV', name: asked, data })),
  ];
}

function additionalsOf(type: string, records: NameRecords, zone: Zone): ResourceRecord[] {
  if (type !== 'SRV') return [];
  const targets = new Set((records.srv ?? []).map((each: Srv) => each.target));
  return [...targets].flatMap((name) => {
    const target = zone.find(name);
    return target.exists
      ? (target.records.a ?? []).map((data): ResourceRecord => ({ type: 'A', name, data }))
      : [];
  });
}

/** The simplest clients take the first address: each in turn is the first. */
function rotate(values: readonly string[], random: () => number): readonly string[] {
  const start = Math.floor(random() * values.length);
  return [...values.slice(start), ...values.slice(0, start)];
}

function found(
  zone: Zone,
  answers: readonly ResourceRecord[],
  additionals: readonly ResourceRecord[] = [],
): Verdict {
  if (answers.length === 0) return missing(zone, Rcode.NoError);
  return { kind: 'answer', answer: { rcode: Rcode.NoError, answers, authorities: [], additionals } };
}

/** With the SOA, by which clients know how long to remember that there is nothing. */
function missing(zone: Zone, rcode: Rcode): Verdict {
  return { kind: 'answer', answer: { rcode, answers: [], authorities: [soaOf(zone)], additionals: [] } };
}

function answerOf(answers: readonly ResourceRecord[]): Answer {
  return { rcode: Rcode.NoError, answers, authorities: [], additionals: [] };
}

function soaOf(zone: Zone): ResourceRecord {
  const data = { mname: `ns.dns.${zone.name}`, rname: `hostmaster.${zone.name}`, serial: zone.serial };
  return { type: 'SOA', name: zone.name, data };
}
