import { matchesFields, requiredValue, type FieldSelector } from '../../../openapi/machinery/fields.ts';
import { matchesLabels, type LabelSelector } from '../../../openapi/machinery/labels.ts';
import { badRequest, StatusError } from '../../../openapi/machinery/status.ts';
import { CompactedError, FutureRevisionError, type Versioned } from '../../storage/storage.ts';
import { attributesOf } from '../attributes.ts';
import { listPrefix, objectKey } from '../keys.ts';
import { storedResource } from '../stored.ts';
import type { Registered } from '../strategy.ts';
import { continueText, parseContinue } from './continue-token.ts';
import { listRevision, type ListOptions } from './list-options.ts';
import type { PathOptions, PathRequest } from './path.ts';
import { tooLargeRevision, waitForRevision } from './read.ts';

export interface Listed {
  readonly items: readonly Versioned[];
  readonly revision: number;
  readonly continue: string | undefined;
  /** Known only when no selector is used. */
  readonly remaining: number | undefined;
}

/** Where a list begins, and in which state. */
interface Start {
  /** Undefined: now. */
  readonly revision: number | undefined;
  readonly startKey: string | undefined;
}

/** A selector that lets everything pass costs nothing. */
export interface Selector {
  readonly empty: boolean;
  matches(versioned: Versioned): boolean;
}

export function selectorFor(registered: Registered, labels: LabelSelector, fields: FieldSelector): Selector {
  if (labels.length === 0 && fields.length === 0) return { empty: true, matches: () => true };
  return {
    empty: false,
    matches(versioned) {
      const attributes = attributesOf(registered, versioned);
      return (
        matchesLabels(labels, attributes.labels) &&
        matchesFields(fields, (field) => attributes.fields[field] ?? '')
      );
    },
  };
}

/** A page of the collection, or all of it. */
export async function listObjects(
  options: PathOptions,
  request: PathRequest,
  wanted: ListOptions,
): Promise<Listed> {
  const { registered, namespace } = request;
  const prefix = listPrefix(storedResource(registered), namespace);
  const start = await startOf(options, request, wanted, prefix);
  const selector = selectorFor(registered, wanted.labels, wanted.fields);
  // A list "at least as new as 0" may come from a cache, which knows no pages.
  const limit = wanted.resourceVersion === '0' && wanted.continue === '' ? 0 : wanted.limit;
  try {
    const key = oneKey(request, wanted);
    if (key !== undefined && start.revision === undefined) return await listOne(options, key, selector);
    return await page(options, { prefix, start, limit, selector });
  } catch (error) {
    throw translated(error, start, prefix);
  }
}

/** The key that a selector for one name can match alone; undefined when there may be several. */
function oneKey({ registered, namespace }: PathRequest, { fields }: ListOptions): string | undefined {
  const { resource } = registered;
  const name = requiredValue(fields, 'metadata.name') ?? '';
  if (name === '' || name.includes('/') || (resource.namespaced && namespace === '')) return undefined;
  return objectKey(storedResource(registered), namespace, name);
}

async function listOne({ storage }: PathOptions, key: string, selector: Selector): Promise<Listed> {
  const { revision } = storage;
  const found = await storage.get(key);
  const items = found !== undefined && selector.matches(found) ? [found] : [];
  return { items, revision, continue: undefined, remaining: undefined };
}

async function startOf(
  options: PathOptions,
  { context }: PathRequest,
  wanted: ListOptions,
  prefix: string,
): Promise<Start> {
  if (wanted.continue !== '') {
    const token = parseContinue(wanted.continue);
    if (wanted.resourceVersion !== '' && wanted.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const revision = token.revision < 0 ? undefined : token.revision;
    return { revision, startKey: prefix + token.startKey };
  }
  const revision = listRevision(wanted.resourceVersion);
  if (revision === 0) return { revision: undefined, startKey: undefined };
  await waitForRevision(options, revision, context.signal);
  const exact =
    wanted.resourceVersionMatch === 'Exact' || (wanted.resourceVersionMatch === '' && wanted.limit > 0);
  return { revision: exact ? revision : undefined, startKey: undefined };
}

interface PageOptions {
  readonly prefix: string;
  readonly start: Start;
  /** 0: none. */
  readonly limit: number;
  readonly selector: Selector;
}

async function page({ storage }: PathOptions, wanted: PageOptions): Promise<Listed> {
  const { prefix, start, limit, selector } = wanted;
  if (limit === 0) {
    const { items, revision } = await storage.list(prefix, start);
    const found = selector.empty ? items : items.filter((each) => selector.matches(each));
    return { items: found, revision, continue: undefined, remaining: undefined };
  }
  const items: Versioned[] = [];
  let { revision, startKey } = start;
  for (;;) {
    const part = await storage.list(prefix, { revision, startKey, limit });
    revision = part.revision;
    let seen = 0;
    for (const item of part.items) {
      seen++;
      if (selector.matches(item)) items.push(item);
      if (items.length === limit) break;
    }
    const last = part.items[seen - 1];
    const left = part.remaining + part.items.length - seen;
    if (last === undefined || left === 0) {
      return { items, revision, continue: undefined, remaining: undefined };
    }
    startKey = `${last.key}\u0000`;
    if (items.length < limit) continue;
    return {
      items,
      revision,
      continue: continueText({ revision, startKey: startKey.slice(prefix.length) }),
      remaining: selector.empty ? left : undefined,
    };
  }
}

const tooOldToContinue =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the ' +
  'continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with ' +
  'the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the ' +
  'first chunk was returned and now may show up in the list.';
const tooOld = 'The resourceVersion for the provided list is too old.';

function translated(error: unknown, start: Start, prefix: string): unknown {
  if (error instanceof FutureRevisionError) return tooLargeRevision(error.requested, error.current);
  if (!(error instanceof CompactedError)) return error;
  if (start.startKey === undefined) return new StatusError('Expired', tooOld);
  const token = continueText({ revision: -1, startKey: start.startKey.slice(prefix.length) });
  return new StatusError('Expired', tooOldToContinue, { continue: token });
}
