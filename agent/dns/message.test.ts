import { describe, expect, it } from '@jest/globals';
import { decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { AnswerCache } from './answer-cache.ts';
import { encodeAnswer, encodeFailure, parseQuery, Rcode, type Answer, type Query } from './message.ts';

function query(name: string, extra: Partial<Packet> = {}): Buffer {
  return encode({
    type: 'query',
    id: 4711,
    flags: 0x0100,
    questions: [{ type: 'A', name, class: 'IN' }],
    ...extra,
  });
}

function parsed(message: Buffer): Query {
  const result = parseQuery(message);
  if (typeof result !== 'object') throw new Error(`no query: ${String(result)}`);
  return result;
}

const opt = {
  type: 'OPT' as const,
  name: '.' as const,
  udpPayloadSize: 4096,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

function answerWith(count: number): Answer {
  const name = 'a-headless-service.some-namespace.svc.cluster.local';
  return {
    rcode: Rcode.NoError,
    answers: Array.from({ length: count }, (_, i) => ({
      type: 'A' as const,
      name,
      data: `10.244.0.${i % 250}`,
    })),
    authorities: [],
    additionals: [],
  };
}

describe('parseQuery()', () => {
  const cases = [
    { name: 'nothing for what has no header', message: Buffer.alloc(5), want: undefined },
    {
      name: 'nothing for an answer: two servers would talk for ever',
      message: query('a.b', { type: 'response' }),
      want: undefined,
    },
    { name: 'FORMERR without a question', message: encode({ type: 'query', id: 1 }), want: Rcode.FormErr },
    {
      name: 'FORMERR for a name that runs over the end',
      message: query('abc.def').subarray(0, 16),
      want: Rcode.FormErr,
    },
    { name: 'NOTIMP for updates', message: query('a.b', { flags: 5 << 11 }), want: Rcode.NotImp },
    {
      name: 'REFUSED for another class',
      message: query('a.b', { questions: [{ type: 'A', name: 'a.b', class: 'CH' }] }),
      want: Rcode.Refused,
    },
  ];
  for (const { name, message, want } of cases) {
    it(`says ${name}`, () => {
      expect(parseQuery(message)).toBe(want);
    });
  }

  it('reads size limits', () => {
    expect(parsed(query('a.b'))).toMatchObject({
      id: 4711,
      name: 'a.b',
      type: 'A',
      sizeMax: 512,
      edns: false,
    });
    expect(parsed(query('a.b', { additionals: [opt] }))).toMatchObject({ sizeMax: 4096, edns: true });
    expect(parsed(query('a.b', { additionals: [{ ...opt, udpPayloadSize: 100 }] })).sizeMax).toBe(512);
  });

  it('bears any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const message = Buffer.from(bytes);
        const result = parseQuery(message);
        if (typeof result === 'number')
          expect(encodeFailure(message, result).length).toBeGreaterThanOrEqual(12);
      }),
    );
    const valid = query('web.shop.svc.cluster.local', { additionals: [opt] });
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => {
        const message = Buffer.from(valid);
        message[at] = byte;
        const result = parseQuery(message);
        if (typeof result === 'object') encodeAnswer(message, result, answerWith(3), 512);
      }),
    );
  });
});

describe('encodeAnswer()', () => {
  it('is read by others as it was meant', () => {
    const message = query('_http._tcp.web.shop.svc.cluster.local', { additionals: [opt] });
    const name = '_http._tcp.web.shop.svc.cluster.local';
    const target = 'web.shop.svc.cluster.local';
    const soa = { mname: 'ns.dns.cluster.local', rname: 'hostmaster.cluster.local', serial: 7 };
    const packet = decode(
      encodeAnswer(
        message,
        parsed(message),
        {
          rcode: Rcode.NoError,
          answers: [
            { type: 'SRV', name, data: { port: 80, target } },
            { type: 'CNAME', name: 'x.example.com', data: 'y.example.com' },
            { type: 'PTR', name: '1.0.96.10.in-addr.arpa', data: target },
            { type: 'TXT', name: 'dns-version.cluster.local', data: '1.1.0' },
          ],
          authorities: [{ type: 'SOA', name: 'cluster.local', data: soa }],
          additionals: [{ type: 'A', name: target, data: '10.96.0.20' }],
        },
        512,
      ),
    );
    expect(packet).toMatchObject({
      id: 4711,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      flag_ra: true,
      flag_rd: true,
      flag_tc: false,
      questions: [{ name }],
    });
    expect(packet.answers?.map((each) => ('data' in each ? each.data : undefined))).toEqual([
      { priority: 0, weight: 100, port: 80, target },
      'y.example.com',
      target,
      [Buffer.from('1.1.0')],
    ]);
    expect(packet.authorities?.[0]).toMatchObject({ name: 'cluster.local', data: soa });
    expect(packet.additionals?.map((each) => each.type)).toEqual(['A', 'OPT']);
  });

  it('keeps the letters of the question as they came', () => {
    const message = query('WeB.sHoP.svc.cluster.local');
    const packet = decode(encodeAnswer(message, parsed(message), answerWith(1), 512));
    expect(packet.questions?.[0]?.name).toBe('WeB.sHoP.svc.cluster.local');
  });

  it('puts 25 addresses into the 512 bytes of a client that knows no more', () => {
    const message = query('a-headless-service.some-namespace.svc.cluster.local');
    const packet = decode(encodeAnswer(message, parsed(message), answerWith(25), 512));
    expect([packet.flag_tc, packet.answers?.length]).toEqual([false, 25]);
  });

  it('says when it had to leave something out, and never passes the limit', () => {
    const message = query('a-headless-service.some-namespace.svc.cluster.local');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 512, max: 4096 }), (count, sizeMax) => {
        const bytes = encodeAnswer(message, parsed(message), answerWith(count), sizeMax);
        const packet = decode(bytes);
        expect(bytes.length).toBeLessThanOrEqual(sizeMax);
        expect(packet.flag_tc).toBe((packet.answers?.length ?? 0) < count);
      }),
    );
  });
});

describe('AnswerCache', () => {
  function answer(ttl: number, extra: Partial<Packet> = {}): Buffer {
    return encode({
      type: 'response',
      id: 1,
      questions: [{ type: 'A', name: 'example.com' }],
      answers: [{ type: 'A', name: 'example.com', ttl, data: '192.0.2.1' }],
      ...extra,
    });
  }

  it('keeps an answer for its time, and counts that down', () => {
    let now = 0;
    const cache = new AnswerCache(() => now);
    cache.set('k', answer(60));
    now = 20_500;
    const packet = decode(cache.get('k', 99) ?? Buffer.alloc(0));
    expect([packet.id, packet.answers?.[0]]).toEqual([99, expect.objectContaining({ ttl: 40 })]);
    now = 60_000;
    expect(cache.get('k', 1)).toBeUndefined();
  });

  it('keeps neither failures, nor what is cut short, nor what must not be kept', () => {
    const cache = new AnswerCache(() => 0);
    cache.set('servfail', answer(60, { flags: 2 }));
    cache.set('truncated', answer(60, { flags: 0x0200 }));
    cache.set('zero', answer(0));
    cache.set('broken', answer(60).subarray(0, 40));
    expect(['servfail', 'truncated', 'zero', 'broken'].map((key) => cache.get(key, 1))).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('stays small', () => {
    const cache = new AnswerCache(() => 0);
    for (let i = 0; i < 2_100; i++) cache.set(`k${i}`, answer(60));
    expect([cache.get('k0', 1), cache.get('k2099', 1) === undefined]).toEqual([undefined, false]);
  });
});
