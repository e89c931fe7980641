import type { Pod, Secret } from '../../openapi/generated/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../openapi/machinery/json.ts';
import type { RegistryAuth } from '../runtime/driver.ts';
import type { VolumeSources } from '../volumes/plugin.ts';
import type { ImageReference } from './image-reference.ts';

const dockerHub = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** The credentials of the pod's pull secrets that fit the image best; undefined where none does. */
export async function findPullAuth(
  pod: Pod,
  image: ImageReference,
  sources: VolumeSources,
): Promise<RegistryAuth | undefined> {
  for (const { name = '' } of pod.spec?.imagePullSecrets ?? []) {
    const secret = await sources.secret(pod.metadata?.namespace ?? '', name);
    const auth = secret === undefined ? undefined : authOf(secret, image);
    if (auth !== undefined) return auth;
  }
  return undefined;
}

function authOf(secret: Secret, image: ImageReference): RegistryAuth | undefined {
  const entries = Object.entries(configOf(secret));
  const fitting = entries.filter(([server]) => fits(server, image)).sort(([a], [b]) => b.length - a.length);
  for (const [server, entry] of fitting) if (isJsonObject(entry)) return credentials(server, entry);
  return undefined;
}

/** {"registry": {"auth": "base64 of user:password"}} of either of the two types of secrets. */
function configOf(secret: Secret): JsonObject {
  const modern = secret.data?.['.dockerconfigjson'];
  const old = secret.data?.['.dockercfg'];
  try {
    const parsed = JSON.parse(Buffer.from(modern ?? old ?? '', 'base64').toString('utf8')) as JsonValue;
    if (!isJsonObject(parsed)) return {};
    const auths = modern === undefined ? parsed : (parsed['auths'] ?? {});
    return isJsonObject(auths) ? auths : {};
  } catch {
    return {};
  }
}

function fits(server: string, image: ImageReference): boolean {
  const plain = server
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12]\/?$/, '')
    .replace(/\/$/, '');
  const [host = '', ...path] = plain.split('/');
  const sameHost = host === image.registry || (dockerHub.has(host) && dockerHub.has(image.registry));
  return sameHost && (path.length === 0 || `${image.repository}/`.startsWith(`${path.join('/')}/`));
}

function credentials(serverAddress: string, entry: JsonObject): RegistryAuth {
  const [user = '', ...password] = Buffer.from(textOf(entry['auth']), 'base64').toString('utf8').split(':');
  return {
    username: firstText(entry['username'], user),
    password: firstText(entry['password'], password.join(':')),
    identityToken: textOf(entry['identitytoken']),
    serverAddress,
  };
}

function firstText(value: JsonValue | undefined, other: string): string {
  const text = textOf(value);
  return text === '' ? other : text;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
