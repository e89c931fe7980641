import { events, eventsEvents } from '../../../openapi/generated/resources.ts';
import type { Event, EventsEvent } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { eventTable } from '../table/core.ts';
import { texts, unchanged } from '../validation/field-errors.ts';
import { qualifiedName } from '../validation/names.ts';

const hourSeconds = 3600;

/** Events have rules of their own for names: whatever the recorder made of the object's name. */
const anyName = (): readonly string[] => [];

const selectable: readonly string[] = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'source',
  'type',
];

export const eventStrategy: Strategy<Event> = {
  resource: events,
  ttlSeconds: hourSeconds,
  allowCreateOnUpdate: true,
  validateName: anyName,
  validate: (event) => eventFaults(event, 'reportingComponent'),
  fields: eventFields,
  selectableFields: selectable,
  table: eventTable,
};

function eventFields(event: Event): Readonly<Record<string, string>> {
  const { involvedObject, source } = event;
  const text = (value: string | undefined): string => value ?? '';
  return {
    'involvedObject.kind': text(involvedObject.kind),
    'involvedObject.namespace': text(involvedObject.namespace),
    'involvedObject.name': text(involvedObject.name),
    'involvedObject.uid': text(involvedObject.uid),
    'involvedObject.apiVersion': text(involvedObject.apiVersion),
    'involvedObject.resourceVersion': text(involvedObject.resourceVersion),
    'involvedObject.fieldPath': text(involvedObject.fieldPath),
    reason: text(event.reason),
    reportingComponent: text(event.reportingComponent),
    source: (source?.component ?? '') === '' ? text(event.reportingComponent) : text(source?.component),
    type: text(event.type),
  };
}

/** The same stored object in the form of events.k8s.io: stricter for new events. */
export const eventsEventStrategy: Strategy<EventsEvent> = {
  resource: eventsEvents,
  ttlSeconds: hourSeconds,
  allowCreateOnUpdate: true,
  validate: (event) => {
    const core = toCore(event);
    return [...eventFaults(core, 'reportingController'), ...strictFaults(core)];
  },
  validateUpdate: (event, old) => {
    const [core, oldCore] = [toCore(event), toCore(old)];
    return [
      ...eventFaults(core, 'reportingController'),
      ...(JSON.stringify(core.series) === JSON.stringify(oldCore.series) ? [] : seriesFaults(core)),
      ...frozenFields.flatMap((field) => unchanged(frozenNames[field] ?? field, core[field], oldCore[field])),
    ];
  },
  table: { columns: eventTable.columns, row: (event, now) => eventTable.row(toCore(event), now) },
  stored: { resource: events, toStored: toCore, fromStored: (event) => fromCore(event as Event) },
  fields: (event) => eventsFields(toCore(event)),
  selectableFields: [
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reason',
    'reportingController',
    'type',
  ],
};

const frozenFields = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const satisfies readonly (keyof Event)[];
const frozenNames: Readonly<Partial<Record<keyof Event, string>>> = {
  reportingComponent: 'reportingController',
};

function eventsFields(event: Event): Readonly<Record<string, string>> {
  const core = eventFields(event);
  const regarding = Object.entries(core).map(([name, value]) => [
    name.replace('involvedObject.', 'regarding.'),
    value,
  ]);
  return {
    ...(Object.fromEntries(regarding) as Record<string, string>),
    reportingController: event.reportingComponent ?? '',
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function toCore(event: EventsEvent): Event {
  const {
    apiVersion: _apiVersion,
    regarding,
    note,
    reportingController,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    metadata,
    ...rest
  } = event;
  return withoutUndefined({
    ...rest,
    apiVersion: 'v1',
    kind: 'Event',
    metadata: metadata ?? {},
    involvedObject: regarding ?? {},
    message: note,
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp ?? null,
    lastTimestamp: deprecatedLastTimestamp ?? null,
    count: deprecatedCount,
    reportingComponent: reportingController ?? '',
    reportingInstance: rest.reportingInstance ?? '',
  }) as unknown as Event;
}

function fromCore(event: Event): EventsEvent {
  const {
    apiVersion: _apiVersion,
    involvedObject,
    message,
    reportingComponent,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    ...rest
  } = event as Mutable<Event>;
  return withoutUndefined({
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    regarding: involvedObject,
    note: message,
    reportingController: reportingComponent === '' ? undefined : reportingComponent,
    reportingInstance: rest.reportingInstance === '' ? undefined : rest.reportingInstance,
    deprecatedSource: source ?? {},
    deprecatedFirstTimestamp: firstTimestamp ?? null,
    deprecatedLastTimestamp: lastTimestamp ?? null,
    deprecatedCount: count,
  }) as unknown as EventsEvent;
}

function withoutUndefined(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function eventFaults(event: Event, controllerField: string): readonly FieldError[] {
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject.namespace ?? '';
  const mismatch = [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
  if (!isSet(event.eventTime)) {
    const matches = about === '' ? namespace === '' || namespace === 'default' : about === namespace;
    return matches ? [] : mismatch;
  }
  const cluster = about === '' && namespace !== 'default' && namespace !== 'kube-system';
  return [...(cluster ? mismatch : []), ...newEventFaults(event, controllerField)];
}

/** An event with an eventTime is one of the new recorder, which says who reports what. */
function newEventFaults(event: Event, controllerField: string): readonly FieldError[] {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  return [
    ...(reportingComponent === '' ? [required(controllerField)] : []),
    ...texts(controllerField, reportingComponent, qualifiedName),
    ...bounded('reportingInstance', reportingInstance, 128),
    ...bounded('action', action, 128),
    ...bounded('reason', reason, 128),
    ...(message.length > 1024 ? [invalidValue('message', '', 'can have at most 1024 characters')] : []),
  ];
}

function bounded(field: string, value: string, max: number): readonly FieldError[] {
  if (value === '') return [required(field)];
  return value.length > max ? [invalidValue(field, '', `can have at most ${max} characters`)] : [];
}

function strictFaults(event: Event): readonly FieldError[] {
  const unset = (field: string, set: boolean): readonly FieldError[] =>
    set ? [invalidValue(field, '', 'needs to be unset')] : [];
  const type = event.type ?? '';
  return [
    ...seriesFaults(event),
    ...(isSet(event.eventTime) ? [] : [required('eventTime')]),
    ...(type === 'Normal' || type === 'Warning'
      ? []
      : [invalidValue('type', '', `has invalid value: ${type}`)]),
    ...unset('firstTimestamp', isSet(event.firstTimestamp)),
    ...unset('lastTimestamp', isSet(event.lastTimestamp)),
    ...unset('count', (event.count ?? 0) !== 0),
    ...unset('source', (event.source?.component ?? '') !== '' || (event.source?.host ?? '') !== ''),
  ];
}

function seriesFaults({ series }: Event): readonly FieldError[] {
  if (series === undefined) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalidValue('series.count', '', 'should be at least 2')] : []),
    ...(isSet(series.lastObservedTime) ? [] : [required('series.lastObservedTime')]),
  ];
}

function isSet(time: string | null | undefined): boolean {
  return time !== undefined && time !== null && time !== '';
}
