import type {
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../../../openapi/generated/types.ts';
import { sameJson } from '../generic/same.ts';

const fields = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
type Parts = Partial<Pick<CustomResourceDefinitionVersion, (typeof fields)[number]>>;

/** Kubernetes tells the faults of what all versions say alike as faults of the definition: `spec.validation…`. */
export interface HoistedSpec {
  readonly shared: Parts;
  /** What is left for a version to say by itself. */
  readonly own: (version: CustomResourceDefinitionVersion) => Parts;
}

export function hoisted({ versions }: Pick<CustomResourceDefinitionSpec, 'versions'>): HoistedSpec {
  const first = versions[0];
  const alike = fields.filter((field) => versions.every((each) => sameJson(each[field], first?.[field])));
  return {
    shared: first === undefined ? {} : pick(first, (field) => alike.includes(field)),
    own: (version) => pick(version, (field) => !alike.includes(field)),
  };
}

function pick(
  version: CustomResourceDefinitionVersion,
  wanted: (field: (typeof fields)[number]) => boolean,
): Parts {
  const stated = fields.filter((field) => wanted(field) && version[field] !== undefined);
  return Object.fromEntries(stated.map((field) => [field, version[field]]));
}

/** Versions as errors show them: Kubernetes' internal form. */
export function shownVersions(
  versions: readonly CustomResourceDefinitionVersion[],
  { own }: HoistedSpec,
): readonly object[] {
  return versions.map((version) => {
    const parts = own(version);
    return {
      Name: version.name,
      Served: version.served,
      Storage: version.storage,
      Deprecated: version.deprecated ?? false,
      DeprecationWarning: version.deprecationWarning ?? null,
      Schema: parts.schema ?? null,
      Subresources: parts.subresources ?? null,
      AdditionalPrinterColumns: parts.additionalPrinterColumns ?? null,
      SelectableFields: parts.selectableFields ?? null,
    };
  });
}
