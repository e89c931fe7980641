import { networkPolicies } from '../../../openapi/generated/resources.ts';
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { networkPolicyTable } from '../table/others.ts';
import { cidrContains, cidrFaults } from '../validation/addresses.ts';
import { notSupported, oneOf, portNumber } from '../validation/field-errors.ts';
import { portFaults } from '../validation/probes.ts';
import { protocols } from '../validation/protocols.ts';
import { labelSelectorFaults } from '../validation/selectors.ts';

export const networkPolicyStrategy: Strategy<NetworkPolicy> = {
  resource: networkPolicies,
  defaults: (policy) => (policy.spec === undefined ? policy : { ...policy, spec: withDefaults(policy.spec) }),
  validate: ({ spec }) => specFaults(spec ?? {}),
  generationGrows: specChanged,
  table: networkPolicyTable,
};

function withDefaults(spec: NetworkPolicySpec): NetworkPolicySpec {
  const { ingress, egress, policyTypes = [] } = spec;
  const types =
    policyTypes.length > 0 ? policyTypes : (egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  const ports = (
    list: readonly NetworkPolicyPort[] | undefined,
  ): { readonly ports?: readonly NetworkPolicyPort[] } =>
    list === undefined ? {} : { ports: list.map((port) => ({ ...port, protocol: port.protocol ?? 'TCP' })) };
  return {
    ...spec,
    ...(ingress === undefined ? {} : { ingress: ingress.map((rule) => ({ ...rule, ...ports(rule.ports) })) }),
    ...(egress === undefined ? {} : { egress: egress.map((rule) => ({ ...rule, ...ports(rule.ports) })) }),
    policyTypes: types,
  };
}

function specFaults(spec: NetworkPolicySpec): FieldError[] {
  const { podSelector, ingress = [], egress = [], policyTypes = [] } = spec;
  const faults = labelSelectorFaults('spec.podSelector', podSelector);
  for (const [i, rule] of ingress.entries()) {
    faults.push(...portListFaults(`spec.ingress[${i}].ports`, rule.ports ?? []));
    (rule.from ?? []).forEach((peer, j) => faults.push(...peerFaults(`spec.ingress[${i}].from[${j}]`, peer)));
  }
  for (const [i, rule] of egress.entries()) {
    faults.push(...portListFaults(`spec.egress[${i}].ports`, rule.ports ?? []));
    (rule.to ?? []).forEach((peer, j) => faults.push(...peerFaults(`spec.egress[${i}].to[${j}]`, peer)));
  }
  if (policyTypes.length > 2) {
    const text = 'may not specify more than two policyTypes';
    return [...faults, invalidValue('spec.policyTypes', policyTypes, text)];
  }
  policyTypes.forEach((type, i) => {
    if (type !== 'Ingress' && type !== 'Egress') {
      faults.push(notSupported(`spec.policyTypes[${i}]`, type, ['Ingress', 'Egress']));
    }
  });
  return faults;
}

function portListFaults(path: string, ports: readonly NetworkPolicyPort[]): FieldError[] {
  return ports.flatMap(({ protocol, port, endPort }, i) => {
    const at = `${path}[${i}]`;
    const faults = oneOf(`${at}.protocol`, protocol, protocols);
    if (port === undefined) {
      const text = 'may not be specified when `port` is not specified';
      return endPort === undefined ? faults : [...faults, invalidValue(`${at}.endPort`, endPort, text)];
    }
    faults.push(...portFaults(`${at}.port`, port));
    if (endPort === undefined) return faults;
    if (typeof port === 'string') {
      const text = 'may not be specified when `port` is non-numeric';
      return [...faults, invalidValue(`${at}.endPort`, endPort, text)];
    }
    if (endPort < port) {
      faults.push(invalidValue(`${at}.endPort`, endPort, 'must be greater than or equal to `port`'));
    }
    return [...faults, ...portNumber(`${at}.endPort`, endPort)];
  });
}

function peerFaults(
  path: string,
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
): FieldError[] {
  if (podSelector === undefined && namespaceSelector === undefined && ipBlock === undefined) {
    return [required(path, 'must specify a peer')];
  }
  const faults = [
    ...labelSelectorFaults(`${path}.podSelector`, podSelector),
    ...labelSelectorFaults(`${path}.namespaceSelector`, namespaceSelector),
  ];
  if (ipBlock === undefined) return faults;
  const { cidr, except = [] } = ipBlock;
  faults.push(
    ...(cidr === '' ? [required(`${path}.ipBlock.cidr`)] : cidrFaults(`${path}.ipBlock.cidr`, cidr)),
  );
  except.forEach((each, i) => {
    const at = `${path}.ipBlock.except[${i}]`;
    const bad = cidrFaults(at, each);
    faults.push(...bad);
    if (bad.length === 0 && !cidrContains(cidr, each.split('/')[0] ?? '')) {
      faults.push(invalidValue(at, each, 'must be a strict subset of `cidr`'));
    }
  });
  return podSelector === undefined && namespaceSelector === undefined
    ? faults
    : [...faults, forbiddenField(path, 'may not specify both ipBlock and another peer')];
}
