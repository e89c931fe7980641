import type { Authorizer } from '../authorizer.ts';

/** Asks one after the other: the first that allows or denies decides; no opinion of all refuses. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(asked) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(asked);
        if (decision.allowed || decision.denied) return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { allowed: false, denied: false, reason: reasons.join(', ') };
    },
  };
}
