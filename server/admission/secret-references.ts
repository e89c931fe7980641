import type { Container, EphemeralContainer, Pod, ServiceAccount } from '../../openapi/generated/types.ts';

type AnyContainer = Container | EphemeralContainer;

/** The first secret of a pod that its service account does not list; undefined when it lists them all. */
export function unlistedSecret(pod: Pod, account: ServiceAccount): string | undefined {
  const { spec } = pod;
  return (
    unlistedVolume(pod, account) ??
    unlistedOf('init container', spec?.initContainers, account) ??
    unlistedOf('container', spec?.containers, account) ??
    unlistedPull(pod, account)
  );
}

function unlistedVolume({ spec }: Pod, account: ServiceAccount): string | undefined {
  const listed = namesOf(account.secrets);
  const name = (spec?.volumes ?? [])
    .flatMap(({ secret }) => (secret === undefined ? [] : [secret.secretName ?? '']))
    .find((each) => !listed.has(each));
  return name === undefined
    ? undefined
    : `volume with secret.secretName="${name}" is not allowed because service account ${ownName(account)} does not reference that secret`;
}

function unlistedPull({ spec }: Pod, account: ServiceAccount): string | undefined {
  const listed = namesOf(account.imagePullSecrets);
  const names = (spec?.imagePullSecrets ?? []).map(({ name = '' }) => name);
  const index = names.findIndex((name) => !listed.has(name));
  return index === -1
    ? undefined
    : `imagePullSecrets[${index}].name="${names[index] ?? ''}" is not allowed because service account ${ownName(account)} does not reference that imagePullSecret`;
}

function namesOf(references: readonly { readonly name?: string }[] | undefined): ReadonlySet<string> {
  return new Set((references ?? []).map(({ name = '' }) => name));
}

function ownName({ metadata }: ServiceAccount): string {
  return metadata?.name ?? '';
}

/** The same for the containers of one kind: `noun` names it in the text. */
export function unlistedOf(
  noun: string,
  containers: readonly AnyContainer[] | undefined,
  account: ServiceAccount,
): string | undefined {
  const listed = namesOf(account.secrets);
  for (const { name, env = [], envFrom = [] } of containers ?? []) {
    const sources = [
      ...env.map((each) => [` with envVar ${each.name}`, each.valueFrom?.secretKeyRef] as const),
      ...envFrom.map((each) => [' with envFrom', each.secretRef] as const),
    ];
    for (const [where, secret] of sources) {
      if (secret === undefined || listed.has(secret.name ?? '')) continue;
      return `${noun} ${name}${where} referencing secret.secretName="${secret.name ?? ''}" is not allowed because service account ${ownName(account)} does not reference that secret`;
    }
  }
  return undefined;
}
