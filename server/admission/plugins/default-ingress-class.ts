import { ingressClasses } from '../../../openapi/generated/resources.ts';
import type { Ingress } from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { defaultClass } from '../default-class.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';

/** An Ingress that names no class, in neither way, takes the default one. */
export function defaultIngressClass(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    operations: ['CREATE'],
    async mutate({ resource, subresource, object }) {
      if (qualifiedName(resource) !== 'ingresses.networking.k8s.io' || subresource !== '') return object;
      const ingress = object as Ingress;
      const isAnnotated = ingress.metadata?.annotations?.['kubernetes.io/ingress.class'] !== undefined;
      if (isAnnotated || ingress.spec?.ingressClassName !== undefined) return ingress;
      const classes = await lookup.list(ingressClasses);
      const ingressClassName = defaultClass(classes, ['ingressclass.kubernetes.io/is-default-class']);
      return ingressClassName === undefined
        ? ingress
        : { ...ingress, spec: { ...ingress.spec, ingressClassName } };
    },
  };
}
