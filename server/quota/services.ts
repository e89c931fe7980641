import { services } from '../../openapi/generated/resources.ts';
import type { Service } from '../../openapi/generated/types.ts';
import { quantityOf } from '../../openapi/machinery/quantity.ts';
import { one, type Amounts } from './amounts.ts';
import { countName, type Evaluator } from './evaluator.ts';

const names = new Set([countName(services), 'services', 'services.nodeports', 'services.loadbalancers']);

/** A service counts its node ports by what it will get: they may not be allocated yet. */
export const serviceEvaluator: Evaluator = {
  handles: ({ operation, subresource }) =>
    subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  counts: (name) => names.has(name),
  matchesScope: () => false,
  usage: (object) => usage(object),
};

function usage(service: Service): Amounts {
  return new Map([
    [countName(services), one],
    ['services', one],
    ['services.nodeports', quantityOf(BigInt(nodePorts(service)))],
    ['services.loadbalancers', quantityOf(service.spec?.type === 'LoadBalancer' ? 1n : 0n)],
  ]);
}

function nodePorts({ spec }: Service): number {
  const { type, ports = [], allocateLoadBalancerNodePorts } = spec ?? {};
  if (type !== 'NodePort' && type !== 'LoadBalancer') return 0;
  const isSpared = type === 'LoadBalancer' && allocateLoadBalancerNodePorts === false;
  return isSpared ? ports.filter(({ nodePort = 0 }) => nodePort !== 0).length : ports.length;
}
