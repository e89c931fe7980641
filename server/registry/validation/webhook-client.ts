import { checkDns1123Subdomain, checkPortNumber } from '../../../openapi/machinery/names.ts';
import { invalidValue, required, type FieldError } from '../../../openapi/machinery/status.ts';

/** Faults of the URL of a webhook: https, with a host and perhaps a path, and nothing more. */
export function webhookUrlProblems(path: string, url: string): readonly FieldError[] {
  const form = '; desired format: https://host[/path]';
  const match =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(
      url,
    );
  const [, scheme = '', user, host = '', , query = '', fragment = ''] = match ?? [];
  return [
    ...(scheme === 'https'
      ? []
      : [invalidValue(path, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(host === '' ? [invalidValue(path, host, `host must be specified${form}`)] : []),
    ...(user === undefined ? [] : [invalidValue(path, user, 'user information is not permitted in the URL')]),
    ...(fragment === '' ? [] : [invalidValue(path, fragment, 'fragments are not permitted in the URL')]),
    ...(query === '' ? [] : [invalidValue(path, query, 'query parameters are not permitted in the URL')]),
  ];
}

interface Service {
  readonly name?: string;
  readonly namespace?: string;
  readonly path?: string;
  readonly port?: number;
}

/** Faults of the Service that a webhook is reached by. */
export function webhookServiceProblems(path: string, service: Service): readonly FieldError[] {
  const { port = 443, path: urlPath = '' } = service;
  const portFaults = checkPortNumber(port);
  return [
    ...(['name', 'namespace'] as const)
      .filter((field) => (service[field] ?? '') === '')
      .map((field) => required(`${path}.${field}`)),
    ...(portFaults.length === 0
      ? []
      : [invalidValue(`${path}.port`, port, `port is not valid: ${portFaults.join(', ')}`)]),
    ...pathProblems(`${path}.path`, urlPath),
  ];
}

function pathProblems(path: string, urlPath: string): readonly FieldError[] {
  if (urlPath === '' || urlPath === '/') return [];
  if (urlPath === '//') return [invalidValue(path, urlPath, 'segment[0] may not be empty')];
  const start = urlPath.startsWith('/') ? [] : [invalidValue(path, urlPath, "must start with a '/'")];
  const steps = urlPath.slice(1).replace(/\/$/, '').split('/');
  const faults = steps.flatMap((step, i) =>
    step === ''
      ? [invalidValue(path, urlPath, `segment[${i}] may not be empty`)]
      : checkDns1123Subdomain(step).map((fault) => invalidValue(path, urlPath, `segment[${i}]: ${fault}`)),
  );
  return [...start, ...faults];
}
