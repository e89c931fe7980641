import { selfSubjectReviews, tokenReviews } from '../../../openapi/generated/resources.ts';
import type { TokenReview } from '../../../openapi/generated/types.ts';
import { timeText, type Clock } from '../../../openapi/machinery/clock.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { badRequest, isStatusError } from '../../../openapi/machinery/status.ts';
import { reviewToken, type FindUid } from '../authentication/service-account.ts';
import type { TokenSigner } from '../authentication/service-account-token.ts';
import type { UserInfo } from '../user.ts';
import type { Review } from './review.ts';

/** The reviews of authentication.k8s.io: who am I, and whose token is this? */
export function identityReviews(signer: TokenSigner, find: FindUid, clock: Clock): readonly Review[] {
  return [
    {
      resource: selfSubjectReviews,
      answer: ({ object, user }) =>
        Promise.resolve({
          apiVersion: object.apiVersion,
          kind: object.kind,
          metadata: { creationTimestamp: timeText(clock.now()) },
          status: { userInfo: userInfoOf(user) },
        } as KubeObject),
    },
    {
      resource: tokenReviews,
      async answer({ object }) {
        const { token = '', audiences = [] } = (object as { readonly spec: Partial<TokenReview['spec']> })
          .spec;
        if (token === '') throw badRequest('token is required for TokenReview in authentication');
        const asked = audiences.length === 0 ? signer.apiAudiences : audiences;
        const status = await statusOf(signer, find, { token, audiences: asked, nowMs: clock.now() });
        return { ...object, status } as KubeObject;
      },
    },
  ];
}

async function statusOf(
  signer: TokenSigner,
  find: FindUid,
  review: { readonly token: string; readonly audiences: readonly string[]; readonly nowMs: number },
): Promise<object> {
  try {
    const found = await reviewToken(signer, find, review);
    if (found === undefined) return { user: {}, error: 'invalid bearer token' };
    const user = { ...found.user, groups: [...found.user.groups, 'system:authenticated'] };
    return { authenticated: true, user: userInfoOf(user), audiences: found.audiences };
  } catch (error) {
    if (!isStatusError(error, 'Unauthorized')) throw error;
    const why = (error.cause as { message?: string } | undefined)?.message ?? 'it does not hold';
    return { user: {}, error: `[invalid bearer token, ${why}]` };
  }
}

/** authentication.k8s.io UserInfo as the wire carries it. */
function userInfoOf(user: UserInfo): object {
  return {
    username: user.name,
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
  };
}
