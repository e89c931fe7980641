import type { Express } from 'express';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger, type Logger } from '../../openapi/machinery/log.ts';
import { admissionPlugins } from '../../server/admission/plugins/index.ts';
import type { AdmissionPlugin } from '../../server/admission/plugin.ts';
import { createWebhookCaller } from '../../server/admission/webhooks/caller.ts';
import { staticTokenAuthenticator } from '../../server/auth/authentication/static-token.ts';
import { certificateAuthenticator } from '../../server/auth/authentication/certificate.ts';
import type { Authorizer } from '../../server/auth/authorizer.ts';
import type { UserInfo } from '../../server/auth/user.ts';
import { objectForms } from '../../server/apiserver/handlers/object-forms.ts';
import { createApiServer, type ApiServer, type ApiServerOptions } from '../../server/apiserver/server.ts';
import { createStrategies } from '../../server/registry/index.ts';
import { createRegistry } from '../../server/registry/registry.ts';
import type { Strategy } from '../../server/registry/strategy.ts';
import { openMemoryStore } from '../../server/storage/mvcc/memory.ts';
import type { Storage } from '../../server/storage/storage.ts';

export const adminToken = 'admin-token';
const admin: UserInfo = { name: 'admin', groups: ['system:masters'] };

export const allowAll: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) };

export interface Fixture extends ApiServer {
  readonly storage: Storage;
  readonly app: Express;
}

export interface FixtureOptions extends Partial<Omit<ApiServerOptions, 'storage' | 'registry'>> {
  readonly strategies?: readonly Strategy[];
  readonly log?: Logger;
}

/** The whole API server over a store in memory. `adminToken` may do everything. */
export function createFixture(options: FixtureOptions = {}): Fixture {
  const storage = openMemoryStore();
  const server = createApiServer({
    storage,
    registry: createRegistry(
      options.strategies ?? createStrategies({ cidr: '10.96.0.0/16', random: () => Math.random() }),
    ),
    authenticators: [certificateAuthenticator, staticTokenAuthenticator(new Map([[adminToken, admin]]))],
    authorizer: allowAll,
    admission: [],
    clock: systemClock,
    random: () => Math.random(),
    log: silentLogger,
    ...options,
  });
  return { ...server, storage };
}

/** The plugins that need nothing but the store. */
export function lifecyclePlugins(server: () => ApiServer): readonly AdmissionPlugin[] {
  const lookup: ApiServer['reads'] = {
    get: (resource, key) => server().reads.get(resource, key),
    list: (resource, namespace) => server().reads.list(resource, namespace),
  };
  const accounts: Pick<ApiServer['objects'], 'update'> = {
    update: (...args) => server().objects.update(...args),
  };
  const authorizer = { ...allowAll, rulesOf: () => [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] };
  const noServices = (): Promise<never> => Promise.reject(new Error('no Service can be reached in tests'));
  return admissionPlugins({
    lookup,
    accounts,
    authorizer,
    webhooks: createWebhookCaller(noServices, systemClock),
    forms: objectForms(
      createRegistry(createStrategies({ cidr: '10.96.0.0/16', random: () => Math.random() })),
    ),
    clock: systemClock,
    random: () => Math.random(),
  });
}
