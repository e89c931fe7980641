import { persistentVolumeClaims } from '../../openapi/generated/resources.ts';
import type {
  PersistentVolumeClaim,
  ScopedResourceSelectorRequirement,
} from '../../openapi/generated/types.ts';
import { compareQuantities, roundUp, type Quantity } from '../../openapi/machinery/quantity.ts';
import { one, quantityOf, type Amounts } from './amounts.ts';
import { countName, matchesValues, type Evaluator } from './evaluator.ts';

const own = ['persistentvolumeclaims', 'requests.storage'];
const ofClass = '.storageclass.storage.k8s.io/';
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** Claims count themselves and their storage, in all and by storage class: `gold.storageclass.storage.k8s.io/requests.storage`. */
export const claimEvaluator: Evaluator = {
  handles: ({ operation, subresource }) =>
    subresource === 'status' || (subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')),
  counts: (name) =>
    name === countName(persistentVolumeClaims) ||
    own.some((each) => name === each || name.endsWith(`${ofClass}${each}`)),
  matchesScope: (scope, object) => matchesScope(scope, object),
  usage: (object) => usage(object),
};

function usage(claim: PersistentVolumeClaim): Amounts {
  const storage = storageOf(claim);
  const amounts: (readonly [string, Quantity])[] = [
    ['persistentvolumeclaims', one],
    ...(storage === undefined ? [] : [['requests.storage', storage] as const]),
  ];
  const className = claim.metadata?.annotations?.[classAnnotation] ?? claim.spec?.storageClassName ?? '';
  const classed =
    className === ''
      ? []
      : amounts.map(([name, amount]) => [`${className}${ofClass}${name}`, amount] as const);
  return new Map([...amounts, [countName(persistentVolumeClaims), one], ...classed]);
}

/** In whole bytes: what is asked for, or what is being allocated where that is more. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec?.resources?.requests?.['storage'];
  if (asked === undefined) return undefined;
  const wanted = roundUp(quantityOf(asked), 0);
  const allocated = status?.allocatedResources?.['storage'];
  if (allocated === undefined) return wanted;
  const held = roundUp(quantityOf(allocated), 0);
  return compareQuantities(held, wanted) > 0 ? held : wanted;
}

/** A claim that changes its class is of both until that is done. */
function matchesScope(scope: ScopedResourceSelectorRequirement, claim: PersistentVolumeClaim): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const { spec, status } = claim;
  const names = [
    spec?.volumeAttributesClassName ?? '',
    status?.currentVolumeAttributesClassName ?? '',
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName ?? '',
  ].filter((name) => name !== '');
  return names.length === 0 ? matchesValues(scope, '') : names.some((name) => matchesValues(scope, name));
}
