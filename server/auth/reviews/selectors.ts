import type { ResourceAttributes } from '../../../openapi/generated/types.ts';
import { parseLabelSelector } from '../../../openapi/machinery/labels.ts';
import { checkLabelKey, checkLabelValue } from '../../../openapi/machinery/names.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';

interface Asked {
  readonly resourceAttributes?: ResourceAttributes;
}

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

interface Selector {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[];
}

const root = 'spec.resourceAttributes';

/** Faults of the selectors of an access review. Operators that are not known are let through: newer clients may know them. */
export function selectorErrors({ resourceAttributes: asked }: Asked): FieldError[] {
  return [
    ...oneSelectorErrors(`${root}.fieldSelector`, asked?.fieldSelector, (path, { key = '' }) =>
      key === '' ? [required(`${path}.key`, 'must be specified')] : [],
    ),
    ...oneSelectorErrors(`${root}.labelSelector`, asked?.labelSelector, undefined, labelErrors),
  ];
}

type Check = (path: string, requirement: Requirement) => FieldError[];

function oneSelectorErrors(
  path: string,
  selector: Selector | undefined,
  before: Check = () => [],
  after: Check = () => [],
): FieldError[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) {
    const text = 'may not specified at the same time as requirements';
    errors.push(invalidValue(`${path}.rawSelector`, rawSelector, text));
  }
  if (rawSelector === '' && requirements.length === 0) {
    const text = `when ${path} is specified, requirements or rawSelector is required`;
    errors.push(required(`${path}.requirements`, text));
  }
  for (const [i, requirement] of requirements.entries()) {
    const at = `${path}.requirements[${i}]`;
    errors.push(...before(at, requirement), ...valueErrors(at, requirement), ...after(at, requirement));
  }
  return errors;
}

function valueErrors(path: string, { operator = '', values = [] }: Requirement): FieldError[] {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    const text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    return [forbiddenField(`${path}.values`, text)];
  }
  return [];
}

function labelErrors(path: string, { key = '', values = [] }: Requirement): FieldError[] {
  return [
    ...checkLabelKey(key).map((fault) => invalidValue(`${path}.key`, key, fault)),
    ...values.flatMap((value, i) =>
      checkLabelValue(value).map((fault) => invalidValue(`${path}.values[${i}]`, value, fault)),
    ),
  ];
}

/** What could not be read of the selectors: the review goes on without it. "" when all was read. */
export function evaluationError({ resourceAttributes: asked }: Asked): string {
  const texts = (['fieldSelector', 'labelSelector'] as const).flatMap((field) => {
    const selector: Selector | undefined = asked?.[field];
    if (selector === undefined) return [];
    const { read, failed } = field === 'fieldSelector' ? readFields(selector) : readLabels(selector);
    if (!failed) return [];
    return [`${root}.${field} ${read > 0 ? 'partially ' : ''}ignored due to parse error`];
  });
  return texts.join('; ');
}

interface Read {
  readonly read: number;
  readonly failed: boolean;
}

/** One value a requirement, that is all that field selectors can say. */
function readFields({ rawSelector = '', requirements = [] }: Selector): Read {
  if (rawSelector !== '') {
    const failed = rawSelector.split(',').some((term) => term !== '' && !/^[^=!]*(?:==?|!=)/.test(term));
    return { read: 0, failed };
  }
  const good = requirements.filter(
    ({ operator, values = [] }) => (operator === 'In' || operator === 'NotIn') && values.length === 1,
  );
  return { read: good.length, failed: good.length < requirements.length };
}

const labelOperators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

function readLabels({ rawSelector = '', requirements = [] }: Selector): Read {
  if (rawSelector !== '') return { read: 0, failed: !isLabelSelector(rawSelector) };
  const good = requirements.filter(({ operator = '' }) => labelOperators.includes(operator));
  return { read: good.length, failed: good.length < requirements.length };
}

function isLabelSelector(text: string): boolean {
  try {
    parseLabelSelector(text);
    return true;
  } catch {
    return false;
  }
}
