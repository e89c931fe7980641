import type { JsonObject } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';

/** What webhooks need of the kinds that are served. main.ts joins the registry to it. */
export interface ObjectForms {
  /** Other served forms of the same stored objects: autoscaling/v1 beside autoscaling/v2. */
  othersOf(resource: Resource): readonly Resource[];
  convert(object: KubeObject, from: Resource, to: Resource): KubeObject;
  /** Reads JSON as an object of its kind: what is unknown goes, defaults come. Throws an Error with Kubernetes' text. */
  read(resource: Resource, json: JsonObject): KubeObject;
}
