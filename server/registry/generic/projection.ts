import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { conflict, invalid } from '../../../openapi/machinery/status.ts';
import type { ProjectionSubresource } from '../strategy.ts';
import { parseResourceVersion, type PathRequest } from './path.ts';
import { modifiedMeanwhile, objectHooks, type Change } from './update.ts';

export interface ProjectionChange {
  /** What the request asks for, given the projection of what is stored. */
  next(current: KubeObject): KubeObject | Promise<KubeObject>;
  /** Admission sees the projection, not the object behind it. */
  admit(projection: KubeObject, old: KubeObject): Promise<KubeObject>;
}

/** A write of a projection as a change of the object behind it. */
export function projectionChange(
  request: PathRequest,
  projection: ProjectionSubresource<KubeObject>,
  change: ProjectionChange,
): Change {
  const { registered, name } = request;
  return {
    hooks: objectHooks(request),
    async next(current) {
      const old = projection.read(current);
      const sent = await change.next(old);
      const wanted = await change.admit(sent, old);
      const problems = projection.validate?.(wanted) ?? [];
      if (problems.length > 0) throw invalid(projection.resource, name, problems);
      const { uid = '', resourceVersion } = wanted.metadata ?? {};
      if (uid !== '' && uid !== current.metadata?.uid) {
        throw conflict(
          registered.resource,
          name,
          `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata?.uid ?? ''}`,
        );
      }
      const revision = parseResourceVersion(resourceVersion);
      if (revision !== 0 && revision !== Number(current.metadata?.resourceVersion)) {
        throw conflict(registered.resource, name, modifiedMeanwhile);
      }
      return projection.write(current, wanted);
    },
  };
}
