import type { Authorizer } from '../../auth/authorizer.ts';
import type { RulesOf } from '../../auth/authorization/rbac.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { serviceAccount } from './service-account.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

export interface AdmissionDependencies {
  readonly lookup: Lookup;
  readonly authorizer: Authorizer & RulesOf;
  readonly random: () => number;
}

/** In the order they run: kube-apiserver's own order of these plugins. */
export function admissionPlugins(given: AdmissionDependencies): readonly AdmissionPlugin[] {
  const { lookup, authorizer, random } = given;
  return [
    namespaceLifecycle(lookup),
    serviceAccount(lookup, random),
    nodeRestriction(lookup),
    taintNodesByCondition,
    priority(lookup),
    defaultTolerationSeconds,
    rbacEscalation(lookup, authorizer),
  ];
}
