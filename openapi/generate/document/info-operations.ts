import type { Spec } from '../spec.ts';
import { type ApiOperation, groupId, groupVersionPath, tagOf } from './api-operations.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const base = {
  method: 'get',
  action: undefined,
  kind: undefined,
  query: [],
  body: undefined,
  bodyDefinition: undefined,
  codes: [200],
  nameOf: '',
} as const;

/** Discovery and what else is no resource, with the document of v3 that each belongs to. */
export function infoOperations(
  spec: Spec,
): readonly { readonly document: string; readonly operation: ApiOperation }[] {
  const groupVersions = [
    ...new Map(spec.resources.map((each) => [`${each.group}/${each.version}`, each])).values(),
  ];
  const groups = [...new Set(groupVersions.map(({ group }) => group))].filter((group) => group !== '');
  return [
    entry('api', '/api/', {
      id: 'getCoreAPIVersions',
      tag: 'core',
      description: 'get available API versions',
      answer: `${meta}.APIVersions`,
    }),
    entry('apis', '/apis/', {
      id: 'getAPIVersions',
      tag: 'apis',
      description: 'get available API versions',
      answer: `${meta}.APIGroupList`,
    }),
    ...groups.map((group) =>
      entry(`apis/${group}`, `/apis/${group}/`, {
        id: `get${groupId(group)}APIGroup`,
        tag: tagOf(group, undefined),
        description: 'get information of a group',
        answer: `${meta}.APIGroup`,
      }),
    ),
    ...groupVersions.map(({ group, version }) =>
      entry(groupVersionPath(group, version).slice(1), `${groupVersionPath(group, version)}/`, {
        id: `get${groupId(group)}${version.charAt(0).toUpperCase()}${version.slice(1)}APIResources`,
        tag: tagOf(group, version),
        description: 'get available resources',
        answer: `${meta}.APIResourceList`,
      }),
    ),
    entry('version', '/version/', {
      id: 'getCodeVersion',
      tag: 'version',
      description: 'get the version information for this server',
      answer: 'io.k8s.apimachinery.pkg.version.Info',
    }),
    entry('.well-known/openid-configuration', '/.well-known/openid-configuration/', {
      id: 'getServiceAccountIssuerOpenIDConfiguration',
      tag: 'WellKnown',
      description: 'get service account issuer OpenID configuration, also known as the OIDC discovery doc',
      answer: undefined,
    }),
    entry('openid/v1/jwks', '/openid/v1/jwks/', {
      id: 'getServiceAccountIssuerOpenIDKeyset',
      tag: 'openid',
      description:
        'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
      answer: undefined,
    }),
  ];
}

function entry(
  document: string,
  path: string,
  words: Pick<ApiOperation, 'id' | 'tag' | 'description' | 'answer'>,
): { readonly document: string; readonly operation: ApiOperation } {
  return {
    document,
    operation: { ...base, ...words, path, media: words.answer === undefined ? 'text' : 'object' },
  };
}
