/** metav1.StatusReason with the HTTP code that it has by default. */
export const StatusReason = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  Unknown: 500,
} as const;
export type StatusReason = keyof typeof StatusReason | '';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** metav1.Status, as clients read it. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

interface StatusOptions extends ErrorOptions {
  readonly code?: number;
  readonly details?: StatusDetails;
  readonly continue?: string;
}

/** The one error that a client may see. Anything else that escapes a handler becomes InternalError. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: StatusReason;
  readonly details: StatusDetails | undefined;
  readonly continueToken: string | undefined;

  constructor(reason: StatusReason, message: string, options: StatusOptions = {}) {
    super(message, options);
    this.reason = reason;
    this.code = options.code ?? (reason === '' ? 500 : StatusReason[reason]);
    this.details = options.details;
    this.continueToken = options.continue;
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      ...(this.message === '' ? {} : { message: this.message }),
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** How errors name what they are about: `{group: 'apps', plural: 'deployments', kind: 'Deployment'}`. */
export interface Named {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

function resourceText(resource: Named): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function detailsOf(resource: Named, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
  };
}

export function notFound(resource: Named, name: string): StatusError {
  return new StatusError('NotFound', `${resourceText(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: Named, name: string, options: ErrorOptions = {}): StatusError {
  return new StatusError('AlreadyExists', `${resourceText(resource)} "${name}" already exists`, {
    ...options,
    details: detailsOf(resource, name),
  });
}

export function conflict(resource: Named, name: string, why: string): StatusError {
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${resourceText(resource)} "${name}": ${why}`,
    { details: detailsOf(resource, name) },
  );
}

export function forbidden(resource: Named, name: string, why: string): StatusError {
  const subject = name === '' ? resourceText(resource) : `${resourceText(resource)} "${name}"`;
  return new StatusError('Forbidden', `${subject} is forbidden: ${why}`, {
    details: detailsOf(resource, name),
  });
}

export function badRequest(message: string): StatusError {
  return new StatusError('BadRequest', message);
}

export function internalError(message: string, options: ErrorOptions = {}): StatusError {
  return new StatusError('InternalError', `Internal error occurred: ${message}`, {
    ...options,
    details: { causes: [{ message }] },
  });
}

/** field.ErrorType of Kubernetes' validation: the `reason` of a cause. */
export type FieldErrorReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueDuplicate'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotFound'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

/** One fault of an object. `message` is the whole text behind the path: `Invalid value: "x": must be …`. */
export interface FieldError {
  readonly field: string;
  readonly reason: FieldErrorReason;
  readonly message: string;
}

/** Go's %#v of what validation prints as a value: strings quoted, numbers and booleans bare, the rest as JSON. */
function valueText(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  return JSON.stringify(value);
}

export function required(field: string, detail = ''): FieldError {
  return {
    field,
    reason: 'FieldValueRequired',
    message: `Required value${detail === '' ? '' : `: ${detail}`}`,
  };
}
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return {
    field,
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${valueText(value)}${detail === '' ? '' : `: ${detail}`}`,
  };
}
export function forbiddenField(field: string, detail: string): FieldError {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${detail}` };
}
export function duplicate(field: string, value: unknown): FieldError {
  return { field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${valueText(value)}` };
}
export function tooLong(field: string, maxBytes: number): FieldError {
  return {
    field,
    reason: 'FieldValueTooLong',
    message: `Too long: may not be more than ${maxBytes} bytes`,
  };
}

/** 422 with every fault as a cause, named by Kind: `Deployment.apps "x" is invalid: [a, b]`. */
export function invalid(resource: Named, name: string, problems: readonly FieldError[]): StatusError {
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const texts = [...new Set(problems.map((each) => `${each.field}: ${each.message}`))];
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return new StatusError('Invalid', `${kind} "${name}" is invalid: ${list}`, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(resource.group === '' ? {} : { group: resource.group }),
      ...(resource.kind === '' ? {} : { kind: resource.kind }),
      causes: problems.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  });
}

export function isStatusError(error: unknown, reason?: StatusReason): error is StatusError {
  return error instanceof StatusError && (reason === undefined || error.reason === reason);
}
export function isNotFound(error: unknown): error is StatusError {
  return isStatusError(error, 'NotFound');
}
export function isConflict(error: unknown): error is StatusError {
  return isStatusError(error, 'Conflict');
}
