import type { AdmissionregistrationWebhookClientConfig } from '../../../openapi/generated/types.ts';
import type { JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../../openapi/machinery/resource.ts';
import { StatusError, StatusReason, type StatusDetails } from '../../../openapi/machinery/status.ts';
import type { AdmissionRequest } from '../plugin.ts';
import type { HookKind } from './hooks.ts';

export type ClientConfig = AdmissionregistrationWebhookClientConfig;

/** What an AdmissionReview shows: the request, in the form that the webhook wants. */
export interface Shown {
  readonly resource: Resource;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

interface Typed {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A subresource may have an object of another kind: PodExecOptions, Scale. */
export function kindOf(resource: Resource, object: KubeObject | undefined): Typed {
  const { apiVersion = apiVersionOf(resource), kind = resource.kind } = object ?? {};
  const [first = '', second] = apiVersion.split('/');
  return second === undefined ? { group: '', version: first, kind } : { group: first, version: second, kind };
}

function resourceOf({ group, version, plural }: Resource): object {
  return { group, version, resource: plural };
}

/** `version`: of AdmissionReview. */
export function reviewOf(request: AdmissionRequest, shown: Shown, uid: string, version: string): object {
  const { user, subresource, namespace } = request;
  const part = subresource === '' ? {} : { subResource: subresource };
  const requestPart = subresource === '' ? {} : { requestSubResource: subresource };
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      kind: kindOf(shown.resource, shown.object ?? shown.oldObject),
      resource: resourceOf(shown.resource),
      ...part,
      requestKind: kindOf(request.resource, request.object ?? request.oldObject),
      requestResource: resourceOf(request.resource),
      ...requestPart,
      ...(request.name === '' ? {} : { name: request.name }),
      ...(namespace === '' ? {} : { namespace }),
      operation: request.operation,
      userInfo: {
        ...(user.name === '' ? {} : { username: user.name }),
        ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
        ...(user.groups.length === 0 ? {} : { groups: user.groups }),
        ...(user.extra === undefined ? {} : { extra: user.extra }),
      },
      object: shown.object ?? null,
      oldObject: shown.oldObject ?? null,
      dryRun: request.dryRun,
      options: request.options ?? null,
    },
  };
}

/** A webhook that could not be asked, or did not answer properly: its failurePolicy says what follows. */
export class CallError extends Error {
  override readonly name = 'CallError';
}

/** What a webhook answered, checked as to its form. */
export interface Verdict {
  readonly allowed: boolean;
  readonly patch: string;
  readonly patchType: string;
  readonly warnings: readonly string[];
  readonly status: JsonValue | undefined;
}

type Members = Readonly<Record<string, JsonValue | undefined>>;

function membersOf(value: JsonValue | undefined): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : undefined;
}

/** Throws CallError with Kubernetes' texts. */
export function readAnswer(
  answer: JsonValue,
  asked: { readonly uid: string; readonly version: string },
  kind: HookKind,
): Verdict {
  const response = membersOf(typedReview(answer, asked.version)['response']);
  if (response === undefined) throw invalidAnswer('webhook response was absent');
  const { uid = '', allowed = false, patch = '', patchType, warnings = [], status } = response;
  if (uid !== asked.uid && asked.version === 'v1')
    throw invalidAnswer(`expected response.uid=${JSON.stringify(asked.uid)}, got ${JSON.stringify(uid)}`);
  const verdict = {
    allowed: allowed === true,
    patch: typeof patch === 'string' ? patch : '',
    patchType: typeof patchType === 'string' ? patchType : '',
    warnings: Array.isArray(warnings) ? warnings.filter((each) => typeof each === 'string') : [],
    status: status ?? undefined,
  };
  refusePatch(verdict, { hasType: patchType !== undefined && patchType !== null, kind });
  return verdict;
}

function typedReview(answer: JsonValue, version: string): Members {
  const review = membersOf(answer);
  if (review === undefined) {
    const what = Array.isArray(answer) ? 'array' : answer === null ? 'null' : typeof answer;
    throw new CallError(
      `failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const { apiVersion = `admission.k8s.io/${version}`, kind = 'AdmissionReview' } = review;
  if (kind === 'AdmissionReview' && apiVersion === `admission.k8s.io/${version}`) return review;
  throw new CallError(
    `failed to call webhook: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
  );
}

function refusePatch(
  { patch, patchType }: Verdict,
  { hasType, kind }: { readonly hasType: boolean; readonly kind: HookKind },
): void {
  if (kind === 'validating') {
    if (patch !== '') throw invalidAnswer('validating webhook may not return response.patch');
    if (hasType) throw invalidAnswer('validating webhook may not return response.patchType');
    return;
  }
  if (patch !== '' && !hasType)
    throw invalidAnswer('webhook returned response.patch but not response.patchType');
  if (patch === '' && hasType)
    throw invalidAnswer('webhook returned response.patchType but not response.patch');
  if (hasType && patchType === '') throw invalidAnswer('webhook returned invalid response.patchType of ""');
}

function invalidAnswer(why: string): CallError {
  return new CallError(`received invalid webhook response: ${why}`);
}

/** The refusal that a webhook asks for: never with a code that would look like success. */
export function refusalOf(hookName: string, { status }: Verdict): StatusError {
  const { message = '', reason = '', code = 0, details } = membersOf(status) ?? {};
  const denied = `admission webhook ${JSON.stringify(hookName)} denied the request`;
  const why = [message, reason].find((each) => typeof each === 'string' && each !== '') ?? '';
  const known = typeof reason === 'string' && Object.hasOwn(StatusReason, reason);
  return new StatusError(
    known ? (reason as keyof typeof StatusReason) : '',
    typeof why !== 'string' || why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
    {
      code: typeof code === 'number' && code >= 400 && code < 1000 ? code : 400,
      ...(membersOf(details) === undefined ? {} : { details: details as StatusDetails }),
    },
  );
}
