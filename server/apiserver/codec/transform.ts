import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { badRequest, StatusError } from '../../../openapi/machinery/status.ts';
import type { Registered, TableRow, TableStrategy } from '../../registry/strategy.ts';
import { defaultTable } from '../../registry/table/columns.ts';
import type { Transform } from './negotiate.ts';

/** metadata of a list. */
export interface ListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface TransformRequest {
  readonly registered: Registered;
  readonly transform: Transform;
  /** The query's includeObject: how much of each object a Table carries. */
  readonly includeObject: string;
  readonly now: number;
}

/** One object in the form that was asked for. */
export function transformObject(request: TransformRequest, object: KubeObject): object {
  const { transform, registered } = request;
  if (transform.kind === 'Table') {
    const { resourceVersion = '' } = object.metadata ?? {};
    return tableOf(request, [object], { resourceVersion }, true);
  }
  if (transform.kind === 'PartialObjectMetadataList') {
    throw wrongForm(transform, `is not a list (*${internalName(registered)})`);
  }
  return partialOf(transform, object);
}

/** A list in the form that was asked for. */
export function transformList(
  request: TransformRequest,
  items: readonly KubeObject[],
  metadata: ListMeta,
): object {
  const { transform, registered } = request;
  if (transform.kind === 'Table') return tableOf(request, items, metadata, true);
  if (transform.kind === 'PartialObjectMetadata') {
    throw wrongForm(transform, `is a list (*${internalName(registered)}List)`);
  }
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: `meta.k8s.io/${transform.version}`,
    metadata,
    items: items.map((item) => partialOf(transform, item)),
  };
}

/** What a watch carries: the parts of a list; only the first Table says what its columns are. */
export function transformWatched(request: TransformRequest, object: KubeObject, isFirst: boolean): object {
  const { transform } = request;
  if (transform.kind !== 'Table') return partialOf(transform, object);
  const { resourceVersion = '' } = object.metadata ?? {};
  return tableOf(request, [object], { resourceVersion }, isFirst);
}

/** Refuses a wrong includeObject before anything is answered. */
export function checkTransform({
  transform,
  includeObject,
}: Pick<TransformRequest, 'transform' | 'includeObject'>): void {
  if (transform.kind !== 'Table') return;
  if (['', 'None', 'Metadata', 'Object'].includes(includeObject)) return;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

function wrongForm({ kind }: Transform, what: string): StatusError {
  return new StatusError('NotAcceptable', `you requested ${kind}, but the requested object ${what}`);
}

/** "core.ConfigMap": how Kubernetes names its own type. */
function internalName({ resource }: Registered): string {
  const group = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '');
  return `${group}.${resource.kind}`;
}

function partialOf({ version }: Transform, object: KubeObject): KubeObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata ?? {},
  };
}

function tableOf(
  request: TransformRequest,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  withColumns: boolean,
): object {
  const { registered, transform, now } = request;
  const own = registered.strategy.table;
  const table = own ?? { ...defaultTable, row: createdAtRow };
  const rows = objects.map((object) => ({
    ...rowOf(table, object, now),
    object: carried(request, object),
  }));
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${transform.version}`,
    metadata,
    columnDefinitions: withColumns
      ? table.columns.map(({ name, type, format = '', description, priority = 0 }) => ({
          name,
          type,
          format,
          description,
          priority,
        }))
      : null,
    rows: rows.length === 0 && own === undefined ? null : rows,
  };
}

/** Go prints a time that is not there as the first of all. */
function createdAtRow({ metadata }: KubeObject): TableRow {
  return { cells: [metadata?.name ?? '', metadata?.creationTimestamp ?? '0001-01-01T00:00:00Z'] };
}

function rowOf(table: TableStrategy<KubeObject>, object: KubeObject, now: number): TableRow {
  const { cells, conditions } = table.row(object, now);
  return conditions === undefined || conditions.length === 0 ? { cells } : { cells, conditions };
}

function carried({ includeObject, transform }: TransformRequest, object: KubeObject): object | null {
  if (includeObject === 'None') return null;
  return includeObject === 'Object' ? object : partialOf(transform, object);
}
