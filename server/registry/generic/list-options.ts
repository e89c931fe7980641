import {
  FieldSelectorError,
  parseFieldSelector,
  requiredValue,
  type FieldSelector,
} from '../../../openapi/machinery/fields.ts';
import { parseLabelSelector, SelectorError, type LabelSelector } from '../../../openapi/machinery/labels.ts';
import {
  badRequest,
  forbiddenField,
  invalid,
  invalidValue,
  type FieldError,
} from '../../../openapi/machinery/status.ts';
import type { Registered } from '../strategy.ts';

/** metav1.ListOptions, checked. */
export interface ListOptions {
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  /** As sent; "" when not. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  /** 0: no limit. */
  readonly limit: number;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
}

const listKind = { group: 'meta.k8s.io', plural: 'listoptions', kind: 'ListOptions' };
const int64Max = 2n ** 63n - 1n;

/** Reads the query of a list, watch or deletion of a collection. Throws BadRequest or Invalid in the order of Kubernetes. */
export function parseListOptions(
  registered: Registered,
  query: URLSearchParams,
  target: { readonly name: string; readonly watch: boolean },
): ListOptions {
  const watch = target.watch || flag(query, 'watch') === true;
  const allowWatchBookmarks = flag(query, 'allowWatchBookmarks') === true;
  const timeoutSeconds = integer(query, 'timeoutSeconds');
  const limit = integer(query, 'limit') ?? 0;
  const sendInitialEvents = flag(query, 'sendInitialEvents');
  const labels = labelsOf(query.get('labelSelector') ?? '');
  const sentFields = fieldsOf(query.get('fieldSelector') ?? '');
  const options = {
    labels,
    fields: sentFields,
    watch,
    allowWatchBookmarks,
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds,
    limit: Math.max(0, limit),
    continue: query.get('continue') ?? '',
    sendInitialEvents,
  };
  const complete = watch ? withWatchDefaults(options) : options;
  const problems = watch ? watchProblems(complete) : listProblems(complete);
  if (problems.length > 0) throw invalid(listKind, '', problems);
  refuseUnknownFields(registered, sentFields);
  return { ...complete, fields: withName(sentFields, target.name) };
}

/** A watch of the present state is one with initial events, whoever asks for it. */
function withWatchDefaults(options: ListOptions): ListOptions {
  if (options.sendInitialEvents !== undefined || options.resourceVersionMatch !== '') return options;
  if (options.resourceVersion !== '' && options.resourceVersion !== '0') return options;
  return { ...options, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
}

/** Only absence, "0" and "false" in any case say no. */
function flag(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  return text === null ? undefined : text !== '0' && text.toLowerCase() !== 'false';
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null ? undefined : parseInteger(text);
}

/** As Go's strconv.ParseInt, with its texts. Throws BadRequest. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = BigInt(text.replace('+', ''));
  if (value > int64Max || value < -int64Max - 1n) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Number(value);
}

function labelsOf(text: string): LabelSelector {
  try {
    return parseLabelSelector(text);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

function fieldsOf(text: string): FieldSelector {
  try {
    return parseFieldSelector(text);
  } catch (error) {
    if (error instanceof FieldSelectorError) throw badRequest(error.message);
    throw error;
  }
}

function refuseUnknownFields({ resource, strategy }: Registered, fields: FieldSelector): void {
  const own = strategy.selectableFields;
  const known = [
    'metadata.name',
    ...(resource.namespaced || own === undefined ? ['metadata.namespace'] : []),
  ];
  for (const { field } of fields) {
    if (known.includes(field) || own?.includes(field) === true) continue;
    throw badRequest(
      own === undefined
        ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
        : `field label not supported: ${field}`,
    );
  }
}

/** A name in the path is one more term. */
function withName(fields: FieldSelector, name: string): FieldSelector {
  if (name === '') return fields;
  if (fields.length > 0 && requiredValue(fields, 'metadata.name') !== name) {
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  }
  return fields.length > 0 ? fields : [{ field: 'metadata.name', value: name, negated: false }];
}

const match = 'resourceVersionMatch';

function listProblems(options: ListOptions): readonly FieldError[] {
  const problems: FieldError[] = [];
  const { resourceVersionMatch: asked, resourceVersion } = options;
  if (asked !== '') {
    if (resourceVersion === '')
      problems.push(
        forbiddenField(match, 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
      );
    problems.push(...continueProblems(options));
    if (asked !== 'Exact' && asked !== 'NotOlderThan')
      problems.push(unsupportedMatch(asked, ['Exact', 'NotOlderThan', '']));
    if (asked === 'Exact' && resourceVersion === '0')
      problems.push(
        forbiddenField(match, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      );
  }
  if (options.sendInitialEvents !== undefined)
    problems.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return problems;
}

function watchProblems(options: ListOptions): readonly FieldError[] {
  const problems: FieldError[] = [];
  const { resourceVersionMatch: asked, sendInitialEvents } = options;
  if (sendInitialEvents !== undefined && asked !== 'NotOlderThan')
    problems.push(
      forbiddenField(match, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    );
  if (asked === '') return problems;
  if (sendInitialEvents === undefined)
    problems.push(
      forbiddenField(
        match,
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    );
  if (asked !== 'NotOlderThan') problems.push(unsupportedMatch(asked, ['NotOlderThan']));
  return [...problems, ...continueProblems(options)];
}

function continueProblems(options: ListOptions): readonly FieldError[] {
  return options.continue === ''
    ? []
    : [forbiddenField(match, 'resourceVersionMatch is forbidden when continue is provided')];
}

function unsupportedMatch(value: string, supported: readonly string[]): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  return {
    field: match,
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  };
}

/** A resourceVersion of a list. Throws BadRequest for what is no number. */
export function listRevision(text: string): number {
  if (text === '') return 0;
  const problem = revisionProblem(text);
  if (problem !== undefined) throw badRequest(`invalid resource version: ${problem}`);
  return Number(text);
}

/** What is wrong with a resourceVersion, as the storage of Kubernetes words it. */
export function revisionProblem(text: string): string | undefined {
  const why = !/^\d+$/.test(text)
    ? 'invalid syntax'
    : BigInt(text) > 2n ** 64n - 1n
      ? 'value out of range'
      : undefined;
  if (why === undefined) return undefined;
  const { field, message } = invalidValue(
    'resourceVersion',
    text,
    `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
  );
  return `${field}: ${message}`;
}
