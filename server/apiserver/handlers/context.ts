import type { Authorizer } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../auth/user.ts';
import { mutate, validate } from '../../admission/chain.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/plugin.ts';
import type { Review } from '../../auth/reviews/review.ts';
import { managerOfAgent } from '../../../openapi/machinery/managed-fields/manager-name.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Logger } from '../../../openapi/machinery/log.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import type { Admit, PathOptions, PathRequest } from '../../registry/generic/path.ts';
import type { Objects, Registered, RequestContext } from '../../registry/strategy.ts';
import { headerText, type Exchange } from '../exchange.ts';
import type { RequestInfo } from '../request-info.ts';
import type { ConnectHandler } from '../connect-handler.ts';
import type { FlushTimer } from './frame-queue.ts';

/** What handlers know of the server. */
export interface Environment extends PathOptions {
  readonly objects: Objects;
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  readonly reviews: readonly Review[];
  readonly connect: ConnectHandler | undefined;
  readonly log: Logger;
  readonly flushTimer: FlushTimer;
}

/** One request on its way through the handlers. */
export interface Call {
  readonly environment: Environment;
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly registered: Registered;
  readonly signal: AbortSignal;
  readonly warnings: Warnings;
}

/** Texts for Warning headers; each once. */
export class Warnings {
  readonly #texts = new Set<string>();

  add(text: string): void {
    if (this.#texts.size < 200) this.#texts.add(text);
  }

  get texts(): readonly string[] {
    return [...this.#texts];
  }
}

export function contextOf(call: Call, dryRun: boolean): RequestContext {
  const { environment, warnings } = call;
  return {
    user: call.user,
    dryRun,
    get signal() {
      return call.signal;
    },
    warn: (text) => {
      warnings.add(text);
    },
    clock: environment.clock,
    random: environment.random,
    objects: environment.objects,
    query: call.info.query,
  };
}

/** The call as the registry's path takes it. */
export function pathRequest(
  call: Call,
  dryRun: boolean,
  subresource = call.info.subresource,
  deleteOptions?: object,
): PathRequest {
  const { registered, info } = call;
  return {
    registered,
    // A namespace is in itself for authorization, and in none for the store.
    namespace: registered.resource.namespaced ? info.namespace : '',
    name: info.name,
    context: contextOf(call, dryRun),
    admit: admitFor(call, { dryRun, subresource, deleteOptions }),
    writer: { manager: managerOf(call), subresource },
  };
}

/** As the client names itself: in the query, else up to the first slash of its User-Agent. */
export function managerOf({ info, exchange }: Pick<Call, 'info' | 'exchange'>): string {
  const stated = info.query.get('fieldManager') ?? '';
  return stated === '' ? managerOfAgent(headerText(exchange, 'user-agent')) : stated;
}

interface AdmitOptions {
  readonly dryRun: boolean;
  readonly subresource: string;
  /** As they were sent. */
  readonly deleteOptions?: object | undefined;
}

export function admitFor(call: Call, { dryRun, subresource, deleteOptions }: AdmitOptions): Admit {
  const { environment, registered } = call;
  function request(
    operation: AdmissionRequest['operation'],
    object: KubeObject | undefined,
    oldObject: KubeObject | undefined,
  ): AdmissionRequest {
    return admissionRequest(call, {
      operation,
      object,
      oldObject,
      dryRun,
      subresource,
      resource: registered.resource,
      options: operation === 'DELETE' ? { ...optionsKind('DeleteOptions'), ...deleteOptions } : undefined,
    });
  }
  return {
    mutate: (operation, object, old) => mutate(environment.admission, request(operation, object, old)),
    validate: (operation, object, old) => validate(environment.admission, request(operation, object, old)),
  };
}

interface Admitted {
  readonly operation: AdmissionRequest['operation'];
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly dryRun: boolean;
  readonly subresource: string;
  readonly resource: Resource;
  /** Undefined: those of a write, from the query. */
  readonly options?: KubeObject | undefined;
}

export function admissionRequest(call: Call, admitted: Admitted): AdmissionRequest {
  const { info, user, warnings } = call;
  const { metadata } = admitted.object ?? admitted.oldObject ?? {};
  const isNamespace = admitted.resource.group === '' && admitted.resource.plural === 'namespaces';
  // A deletion of many names none of them.
  const isNamed = info.name !== '' || admitted.operation === 'DELETE';
  const name = isNamed ? info.name : (metadata?.name ?? '');
  return {
    ...admitted,
    options: admitted.options ?? writeOptionsOf(call, admitted.operation),
    namespace: isNamespace ? name : admitted.resource.namespaced ? info.namespace : '',
    name,
    user,
    warn: (text) => {
      warnings.add(text);
    },
  };
}

function optionsKind(kind: string): KubeObject {
  return { kind, apiVersion: 'meta.k8s.io/v1' };
}

/** Of a patch too they are called UpdateOptions. */
function writeOptionsOf({ info }: Call, operation: AdmissionRequest['operation']): KubeObject | undefined {
  if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
  const dryRun = info.query.getAll('dryRun');
  const manager = info.query.get('fieldManager') ?? '';
  const validation = info.query.get('fieldValidation') ?? '';
  return {
    ...optionsKind(operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions'),
    ...(dryRun.length === 0 ? {} : { dryRun }),
    ...(manager === '' ? {} : { fieldManager: manager }),
    ...(validation === '' ? {} : { fieldValidation: validation }),
  };
}
