import type { Container } from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { notSupported, oneOf, tooMany } from './field-errors.ts';

type Restarts = Pick<Container, 'restartPolicy' | 'restartPolicyRules'>;

/** As restartFaults; without a policy nothing more is said of the rules. */
export function initRestartFaults(path: string, container: Restarts): FieldError[] {
  const rules = container.restartPolicyRules ?? [];
  if (container.restartPolicy !== undefined || rules.length === 0) return restartFaults(path, container);
  return [required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used')];
}

/** What happens when a container ends. */
export function restartFaults(path: string, { restartPolicy, restartPolicyRules }: Restarts): FieldError[] {
  const rules = restartPolicyRules ?? [];
  const at = `${path}.restartPolicyRules`;
  return [
    ...(restartPolicy === undefined && rules.length > 0
      ? [required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used')]
      : oneOf(`${path}.restartPolicy`, restartPolicy, ['Always', 'Never', 'OnFailure'])),
    ...(rules.length > 20 ? [tooMany(at, rules.length, 20)] : []),
    ...rules.flatMap((rule, i) => [
      ...oneOf(`${at}[${i}].action`, (rule.action as string | undefined) ?? '', [
        'Restart',
        'RestartAllContainers',
      ]),
      ...exitCodeFaults(`${at}[${i}].exitCodes`, rule.exitCodes),
    ]),
  ];
}

type ExitCodes = NonNullable<NonNullable<Container['restartPolicyRules']>[number]['exitCodes']>;

function exitCodeFaults(path: string, codes: ExitCodes | undefined): FieldError[] {
  if (codes === undefined) return [required(path, 'must be specified')];
  const { operator, values = [] } = codes as Partial<ExitCodes>;
  return [
    ...oneOf(`${path}.operator`, operator ?? '', ['In', 'NotIn']),
    ...(values.length > 255 ? [tooMany(`${path}.values`, values.length, 255)] : []),
  ];
}

/** What a change of resources does to the running container. Reported at the list, as kube-apiserver does. */
export function resizePolicyFaults(
  path: string,
  policies: Container['resizePolicy'],
  podRestartPolicy: string,
): FieldError[] {
  const seen = new Set<string>();
  return (policies ?? []).flatMap((policy, i) => {
    const { resourceName: name = '', restartPolicy = '' } = policy as Partial<typeof policy>;
    const faults = seen.has(name) ? [duplicate(`${path}[${i}]`, name)] : [];
    seen.add(name);
    faults.push(...requiredOneOf(path, name, ['cpu', 'memory']));
    faults.push(...requiredOneOf(path, restartPolicy, ['NotRequired', 'RestartContainer']));
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
      faults.push(invalidValue(path, restartPolicy, text));
    }
    return faults;
  });
}

/** An init container that ends before the others start has nothing to be restarted for. */
export function initResizeFaults(path: string, container: Container): FieldError[] {
  if (container.restartPolicy === 'Always') return [];
  return (container.resizePolicy ?? []).flatMap(({ restartPolicy }, i) =>
    restartPolicy === 'RestartContainer'
      ? [
          invalidValue(
            `${path}.resizePolicy[${i}].restartPolicy`,
            restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
          ),
        ]
      : [],
  );
}

function requiredOneOf(path: string, value: string, allowed: readonly string[]): FieldError[] {
  if (value === '') return [required(path)];
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}
