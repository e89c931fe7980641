export interface ImageReference {
  /** "docker.io", "registry:5000". */
  readonly registry: string;
  readonly repository: string;
  /** With a tag or digest: what the runtime is asked for. */
  readonly full: string;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252}[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?';
const pattern = new RegExp(
  `^(?:(${host})/)?(${component}(?:/${component}){0,40})(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@[a-z0-9+._-]{1,32}:[a-fA-F0-9]{32,128})?$`,
);
const lengthMax = 1024;

/** Undefined for what is no image name: "InvalidImageName". */
export function parseImage(image: string): ImageReference | undefined {
  if (image.length > lengthMax) return undefined;
  if (/^sha256:[a-f0-9]{64}$/.test(image)) return { registry: '', repository: '', full: image };
  const first = image.split('/')[0] ?? '';
  // Without a dot, a port or "localhost" the first part is a folder of the default registry, not a host.
  const hasHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const match = pattern.exec(hasHost ? image : `docker.io/${image}`);
  if (match === null) return undefined;
  const [, registry = 'docker.io', repository = '', tag, digest] = match;
  const full = tag === undefined && digest === undefined ? `${image}:latest` : image;
  return { registry, repository, full };
}
