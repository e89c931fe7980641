import type { StatusReason } from '../status.ts';

/** A patch that cannot be applied. `code`, `reason` and the message are what Kubernetes answers. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly code: 400 | 413 | 422 | 500;
  readonly reason: StatusReason;

  constructor(code: PatchError['code'], message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.reason = reasons[code];
  }
}

const reasons: Readonly<Record<PatchError['code'], StatusReason>> = {
  400: 'BadRequest',
  413: 'RequestEntityTooLarge',
  422: 'Invalid',
  500: '',
};

/** Kubernetes hides what an operation failed at; `cause` says it to us. */
export function rejected(why: string): PatchError {
  return new PatchError(422, 'the server rejected our request due to an error in our request', {
    cause: new Error(why),
  });
}

/** What Go calls the value in JSON: for "cannot unmarshal … into". */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
