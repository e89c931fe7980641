import { afterEach, describe, expect, it } from '@jest/globals';
import { decode, encode, streamEncode, type DecodedPacket } from 'dns-packet';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Resolver as Client } from 'node:dns/promises';
import { connect } from 'node:net';
import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { setInformer } from '../../test/fakes/informer.ts';
import { createFakeHost } from '../host/fake-host.ts';
import { startDns } from './dns.ts';
import { Resolver } from './resolver.ts';
import { startDnsServer } from './server.ts';
import { parseNameServers, Upstream } from './upstream.ts';
import { Zone } from './zone.ts';

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function signal(): AbortSignal {
  const stop = new AbortController();
  stops.push(() => {
    stop.abort();
  });
  return stop.signal;
}

const web: Service & KubeObject = {
  metadata: { namespace: 'shop', name: 'web' },
  spec: { clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80 }] },
};
const many: Service & KubeObject = {
  metadata: { namespace: 'shop', name: 'many' },
  spec: { clusterIP: 'None' },
};
const manySlice: EndpointSlice & KubeObject = {
  metadata: { namespace: 'shop', name: 'many-1', labels: { 'kubernetes.io/service-name': 'many' } },
  addressType: 'IPv4',
  endpoints: Array.from({ length: 100 }, (_, i) => ({ addresses: [`10.244.1.${i + 2}`] })),
};

async function cluster(synced = true): Promise<Client> {
  const { port } = await startDns({
    host: createFakeHost(),
    services: { ...setInformer([web, many]), synced },
    slices: setInformer([manySlice]),
    address: '127.0.0.1',
    ports: [0],
    clusterDNS: '10.96.0.10',
    clusterDomain: 'cluster.local',
    isOwnAddress: () => false,
    clock: systemClock,
    random: () => 0,
    log: silentLogger,
    signal: signal(),
  });
  const client = new Client({ timeout: 20_000, tries: 1 });
  client.setServers([`127.0.0.1:${port}`]);
  return client;
}

describe('startDns()', () => {
  it('answers by UDP, and by TCP what UDP has no room for', async () => {
    const client = await cluster();
    expect(await client.resolve4('web.shop.svc.cluster.local')).toEqual(['10.96.0.20']);
    expect(await client.resolve4('many.shop.svc.cluster.local')).toHaveLength(100);
    expect(await client.resolveSrv('_http._tcp.web.shop.svc.cluster.local')).toMatchObject([{ port: 80 }]);
    await expect(client.resolve4('nothing.shop.svc.cluster.local')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
    await expect(client.resolve6('web.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('fails rather than deny names while it does not know them yet', async () => {
    const client = await cluster(false);
    await expect(client.resolve4('web.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  it('fails when there is nobody to ask', async () => {
    const client = await cluster();
    await expect(client.resolve4('example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });
});

/** A name server of the host: answers 192.0.2.N for "nN.…", by UDP and TCP; keeps silent on "silent.…". */
async function nameServer(): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const { port } = await startDnsServer({
    address: '127.0.0.1',
    ports: [0],
    log: silentLogger,
    signal: signal(),
    resolver: {
      resolve(message, transport) {
        const query = decode(message);
        const name = query.questions?.[0]?.name ?? '';
        asked.push(`${transport} ${name}`);
        if (name.startsWith('silent')) return Promise.resolve(undefined);
        const last = /\d+/.exec(name)?.[0] ?? '1';
        const answers = [{ type: 'A' as const, name, ttl: 60, data: `192.0.2.${last}` }];
        return Promise.resolve(
          encode({
            type: 'response',
            ...(query.id === undefined ? {} : { id: query.id }),
            questions: query.questions ?? [],
            answers,
          }),
        );
      },
    },
  });
  return { port, asked };
}

function resolverTo(port: number): Resolver {
  const host = createFakeHost();
  host.files.set('/etc/resolv.conf', 'nameserver 10.244.1.1\nnameserver 127.0.0.1\n');
  const zone = new Zone('cluster.local');
  zone.onService({
    object: {
      metadata: { namespace: 'shop', name: 'out' },
      spec: { type: 'ExternalName', externalName: 'n7.example.com' },
    },
    old: undefined,
  });
  return new Resolver({
    zone,
    upstream: new Upstream({ host, ownAddresses: new Set(['10.244.1.1']), clock: systemClock, port }),
    isOwnAddress: () => false,
    random: () => 0,
    isReady: () => true,
    clock: systemClock,
  });
}

async function ask(
  resolver: Resolver,
  name: string,
  id = 7,
  transport: 'udp' | 'tcp' = 'udp',
): Promise<DecodedPacket> {
  const message = encode({ type: 'query', id, flags: 0x0100, questions: [{ type: 'A', name }] });
  return decode((await resolver.resolve(message, transport, signal())) ?? Buffer.alloc(0));
}

function addresses(packet: DecodedPacket): unknown[] {
  return (packet.answers ?? []).map((each) => ('data' in each ? each.data : undefined));
}

function rcodeOf(packet: DecodedPacket): number {
  return (packet.flags ?? 0) & 15;
}

describe('Resolver', () => {
  it("asks the host's name servers, once while the answer lasts, never itself", async () => {
    const server = await nameServer();
    const resolver = resolverTo(server.port);
    const first = await ask(resolver, 'n5.example.com', 7);
    const second = await ask(resolver, 'n5.example.com', 8);
    expect([first.id, second.id, addresses(first), addresses(second)]).toEqual([
      7,
      8,
      ['192.0.2.5'],
      ['192.0.2.5'],
    ]);
    expect(server.asked).toEqual(['udp n5.example.com']);
    await ask(resolver, 'n6.example.com', 9, 'tcp');
    expect(server.asked.at(-1)).toBe('tcp n6.example.com');
  });

  it('follows an ExternalName to its addresses', async () => {
    const server = await nameServer();
    expect(addresses(await ask(resolverTo(server.port), 'out.shop.svc.cluster.local'))).toEqual([
      'n7.example.com',
      '192.0.2.7',
    ]);
  });

  it('fails in time when nobody answers', async () => {
    const server = await nameServer();
    expect(rcodeOf(await ask(resolverTo(server.port), 'silent.example.com'))).toBe(2);
  });

  it('does not take an answer to another question', async () => {
    const liar = createSocket('udp4');
    liar.bind(0, '127.0.0.1');
    await once(liar, 'listening');
    stops.push(() => liar.close());
    liar.on('message', (message, from) => {
      const { id = 0 } = decode(message);
      const question = { type: 'A' as const, name: 'evil.example.com' };
      const data = { type: 'A' as const, name: 'evil.example.com', data: '192.0.2.66' };
      liar.send(
        encode({ type: 'response', id, questions: [question], answers: [data] }),
        from.port,
        from.address,
      );
    });
    const packet = await ask(resolverTo(liar.address().port), 'good.example.com');
    expect([rcodeOf(packet), addresses(packet)]).toEqual([2, []]);
  });
});

describe('startDnsServer()', () => {
  it('answers several queries on one connection, also when they come in pieces', async () => {
    const { port } = await nameServer();
    const socket = connect(port, '127.0.0.1');
    const one = streamEncode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'n1.x' }] });
    const two = streamEncode({ type: 'query', id: 2, questions: [{ type: 'A', name: 'n2.x' }] });
    const both = Buffer.concat([one, two]);
    socket.write(both.subarray(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.end(both.subarray(10));
    const chunks: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
    let rest = Buffer.concat(chunks);
    const ids: unknown[] = [];
    while (rest.length > 2) {
      const end = 2 + rest.readUInt16BE(0);
      ids.push(decode(rest.subarray(2, end)).id);
      rest = rest.subarray(end);
    }
    expect(ids.sort()).toEqual([1, 2]);
  });

  it('takes another port when one is in use', async () => {
    const first = await nameServer();
    const { port } = await startDnsServer({
      address: '127.0.0.1',
      ports: [first.port, 0],
      resolver: { resolve: () => Promise.resolve(undefined) },
      log: silentLogger,
      signal: signal(),
    });
    expect(port).not.toBe(first.port);
  });
});

describe('parseNameServers()', () => {
  it('takes three at most, in order, without ourselves and without nonsense', () => {
    const text =
      '# c\nsearch a b\nnameserver 10.96.0.10\nnameserver\t8.8.8.8\nnameserver x\nnameserver fe80::1%eth0\nnameserver 1.1.1.1\nnameserver 9.9.9.9\n';
    expect(parseNameServers(text, new Set(['10.96.0.10']))).toEqual(['8.8.8.8', 'fe80::1%eth0', '1.1.1.1']);
  });
});
