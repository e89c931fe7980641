import { randomUUID } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { createClient } from '../openapi/client/create-client.ts';
import type { Client } from '../openapi/client/client.ts';
import { createInformers, type Informers } from '../openapi/client/informers.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  nodes,
  pods,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
} from '../openapi/generated/resources.ts';
import { systemClock } from '../openapi/machinery/clock.ts';
import type { Logger } from '../openapi/machinery/log.ts';
import type { Resource } from '../openapi/machinery/resource.ts';
import type { AdmissionPlugin } from './admission/plugin.ts';
import { admissionPlugins } from './admission/plugins/index.ts';
import { createWebhookCaller } from './admission/webhooks/caller.ts';
import { openService } from './apiserver/connect/backends.ts';
import { createConnectHandler } from './apiserver/connect/handler.ts';
import type { NodeDialer } from './apiserver/node-dialer.ts';
import { createDiscovery } from './apiserver/discovery/handler.ts';
import { versionInfo } from './apiserver/discovery/version.ts';
import { objectForms } from './apiserver/handlers/object-forms.ts';
import { createApiServer, type ApiServer } from './apiserver/server.ts';
import { certificateAuthenticator } from './auth/authentication/certificate.ts';
import { serviceAccountAuthenticator, type FindUid } from './auth/authentication/service-account.ts';
import { tokenSigner, type TokenSigner } from './auth/authentication/service-account-token.ts';
import { nodeGraph } from './auth/authorization/node-graph.ts';
import { nodeAuthorizer } from './auth/authorization/node.ts';
import { rbacAuthorizer, type RulesOf } from './auth/authorization/rbac.ts';
import { unionAuthorizer } from './auth/authorization/union.ts';
import type { Authorizer } from './auth/authorizer.ts';
import type { KeyPair } from './auth/pki/authority.ts';
import type { KeyStore } from './auth/pki/key-store.ts';
import { accessReviews } from './auth/reviews/access.ts';
import { identityReviews } from './auth/reviews/identity.ts';
import { addressIn, type ServerOptions } from './config.ts';
import { withCustomResources } from './apiserver/discovery/custom-documents.ts';
import { customResourcesOf } from './apiserver/discovery/custom-source.ts';
import { generatedDocuments } from './apiserver/discovery/generated-documents.ts';
import { operationsSource } from './apiserver/discovery/operations-source.ts';
import { issuerPage } from './issuer-page.ts';
import { createRegistry } from './registry/registry.ts';
import { createStrategies } from './registry/index.ts';
import type { Registry } from './registry/strategy.ts';
import type { JsonStore } from './storage/journal/json-store.ts';
import { tokenIssuer } from './token-issuer.ts';

export const kubernetesRelease = '1.36.3';
/** Our own count of releases that serve this Kubernetes release. */
export const ownVersion = '1';

/** The API server with all that it stands on; it serves nobody yet. */
export interface Api {
  readonly server: ApiServer;
  /** Acts as the server itself. */
  readonly client: Client;
  readonly informers: Informers;
  readonly registry: Registry;
  readonly signer: TokenSigner;
}

export interface ApiParts {
  readonly options: ServerOptions;
  readonly keys: KeyStore;
  readonly certificate: KeyPair;
  readonly store: JsonStore;
  readonly dialer: NodeDialer;
  readonly log: Logger;
  readonly random: () => number;
  /** Ends informers and clients. */
  readonly signal: AbortSignal;
}

const self = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

/** Joins store, registry, authentication, authorization and admission into one API server. */
export function createApi(parts: ApiParts): Api {
  const { options, keys, certificate, store, log, random, signal } = parts;
  const clock = systemClock;
  const issuer = `https://kubernetes.default.svc.${options.clusterDomain}`;
  const signer = tokenSigner({
    privateKey: keys.serviceAccountKey,
    issuer,
    apiAudiences: [issuer],
    clock,
    randomId: randomUUID,
  });
  // What decides about requests reads its rules through requests: it is complete once the server is there.
  const late: { server?: ApiServer; authorizer?: Authorizer & RulesOf } = {};
  const authorizer: Authorizer & RulesOf = {
    authorize: (asked) => ready(late.authorizer).authorize(asked),
    rulesOf: (user, namespace) => ready(late.authorizer).rulesOf(user, namespace),
  };
  const { lookup, reads } = lateAccess(() => ready(late.server));
  const find = findUid(lookup);

  const registry = createRegistry(
    createStrategies({ cidr: options.serviceCIDR, random }, tokenIssuer(signer, clock)),
  );
  const server = createApiServer({
    storage: store,
    registry,
    authenticators: [certificateAuthenticator, serviceAccountAuthenticator(signer, find, () => clock.now())],
    authorizer,
    admission: createAdmission(parts, { lookup, reads }, registry, authorizer),
    reviews: [...accessReviews(authorizer, authorizer), ...identityReviews(signer, find, clock)],
    connect: createConnectHandler({ objects: lookup, dialer: parts.dialer, clock, random }),
    pages: [
      createDiscovery({
        source: operationsSource(customResourcesOf(registry)),
        openapi: withCustomResources(generatedDocuments(), registry),
        serverAddress: `${advertiseAddress(options)}:${options.listen.port}`,
        version: versionInfo(
          kubernetesRelease,
          ownVersion,
          `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
        ),
        otherPaths: ['/healthz', '/livez', '/metrics', '/openid/v1/jwks', '/readyz'],
      }),
      issuerPage(signer),
    ],
    healthChecks: [{ name: 'store', readinessOnly: true, check: () => Promise.resolve(store.health()) }],
    clock,
    random,
    log: log.child('api'),
    tls: { certificate: certificate.certificate, key: certificate.key, clientCa: keys.authority.certificate },
  });
  late.server = server;

  const client = createClient(server.transport(self), { clock, signal, userAgent: 'flotilla-server' });
  const informers = createInformers({ client, clock, random, log: log.child('informers'), signal });
  const rbac = rbacAuthorizer({
    roles: informers.of(roles),
    roleBindings: informers.of(roleBindings),
    clusterRoles: informers.of(clusterRoles),
    clusterRoleBindings: informers.of(clusterRoleBindings),
  });
  const both = unionAuthorizer([nodeAuthorizer(nodeGraph(informers.of(pods))), rbac]);
  late.authorizer = {
    authorize: (asked) => both.authorize(asked),
    rulesOf: (...args) => rbac.rulesOf(...args),
  };
  return { server, client, informers, registry, signer };
}

type Access = ReturnType<typeof lateAccess>;

function createAdmission(
  { dialer, random }: ApiParts,
  { lookup, reads }: Access,
  registry: Registry,
  authorizer: Authorizer & RulesOf,
): readonly AdmissionPlugin[] {
  const backends = { objects: lookup, dialer, random };
  return admissionPlugins({
    lookup: reads,
    accounts: lookup,
    authorizer,
    webhooks: createWebhookCaller((...wanted) => openService(backends, ...wanted), systemClock),
    forms: objectForms(registry),
    clock: systemClock,
    random,
  });
}

/** Access to what is stored, for parts that the server is made of. */
function lateAccess(server: () => ApiServer): {
  readonly lookup: ApiServer['objects'];
  readonly reads: ApiServer['reads'];
} {
  return {
    lookup: {
      get: (resource, key) => server().objects.get(resource, key),
      list: (resource, namespace) => server().objects.list(resource, namespace),
      update: (...args) => server().objects.update(...args),
      delete: (...args) => server().objects.delete(...args),
    },
    reads: {
      get: (resource, key) => server().reads.get(resource, key),
      list: (resource, namespace) => server().reads.list(resource, namespace),
    },
  };
}

function ready<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The server is not complete yet');
  return part;
}

function findUid(objects: Pick<ApiServer['objects'], 'get'>): FindUid {
  const resources: Record<string, Resource> = { serviceaccounts: serviceAccounts, pods, secrets, nodes };
  return async (plural, key) => {
    const resource = resources[plural];
    const metadata = resource === undefined ? undefined : (await objects.get(resource, key))?.metadata;
    if (metadata?.uid === undefined) return undefined;
    const { deletionTimestamp } = metadata;
    return {
      uid: metadata.uid,
      deletionMs: deletionTimestamp === undefined ? undefined : Date.parse(deletionTimestamp),
    };
  };
}

/** Where clients reach the server: the address that it listens on; where that is all of them, the first that others may use. */
export function advertiseAddress({ listen }: Pick<ServerOptions, 'listen'>): string {
  if (listen.address !== '0.0.0.0' && listen.address !== '::') return listen.address;
  return outerAddress() ?? '127.0.0.1';
}

/**
 * What the endpoint of the `kubernetes` Service says. Agents put their own relay in its place, so it is for people to read; loopback
 * is no valid endpoint, and a machine without any other address shows one that is reserved for documentation.
 */
export function endpointAddress({ listen }: Pick<ServerOptions, 'listen'>): string {
  const inner = ['0.0.0.0', '::', '::1'].includes(listen.address) || listen.address.startsWith('127.');
  return inner ? (outerAddress() ?? '192.0.2.1') : listen.address;
}

function outerAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((each) => each.family === 'IPv4' && !each.internal)?.address;
}

/** All that the server's certificate answers for. */
export function serverNames(options: ServerOptions): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map((each) => each.address),
  );
  const inCluster = ['', '.default', '.default.svc', `.default.svc.${options.clusterDomain}`];
  const plain = addresses.filter((address) => !address.includes('%') && !address.startsWith('fe80:'));
  const listening = ['0.0.0.0', '::'].includes(options.listen.address) ? [] : [options.listen.address];
  return [
    ...new Set([
      'localhost',
      hostname(),
      ...inCluster.map((suffix) => `kubernetes${suffix}`),
      '127.0.0.1',
      '::1',
      addressIn(options.serviceCIDR, 1),
      ...listening,
      ...plain,
      ...options.names,
    ]),
  ];
}
