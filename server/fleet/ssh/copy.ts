import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { HostFailure, printable } from './failure.ts';
import type { SshConnection } from './connection.ts';
import { script } from './script.ts';

const pushTimeoutMs = 15 * 60_000;

/** Nobody sees the file under its name before it is whole: written beside, checked, then renamed. */
const pushScript = script`
set -eu
umask 077
IFS= read -r path
IFS= read -r mode
IFS= read -r sum
IFS= read -r check
directory=$(dirname "$path")
mkdir -p "$directory"
part=$(mktemp "$directory/.part.XXXXXX")
trap 'rm -f "$part"' EXIT
cat > "$part"
have=$(sha256sum "$part")
test "$have" = "$sum  $part" || { echo "checksum differs" >&2; exit 65; }
chmod "$mode" "$part"
if test "$check" = runs; then "$part" --version >/dev/null || exit 66; fi
mv -f "$part" "$path"
trap - EXIT
`;

export interface Push {
  readonly path: string;
  /** "0600" */
  readonly mode: string;
  readonly content: Buffer | { readonly file: string; readonly sha256: string };
  /** Runs the file with --version before it gets its name; a file that does not run is refused. */
  readonly mustRun?: boolean;
  readonly asRoot: boolean;
  readonly signal: AbortSignal;
}

/** Copies a file to a host. Its sha256 is checked there; rejects with HostFailure, and then the old file is as it was. */
export async function pushFile(connection: SshConnection, push: Push): Promise<void> {
  const { content } = push;
  const sum = Buffer.isBuffer(content) ? createHash('sha256').update(content).digest('hex') : content.sha256;
  const input: Readable | Buffer = Buffer.isBuffer(content)
    ? content
    : createReadStream(content.file, { highWaterMark: 262_144 });
  const result = await connection.exec(pushScript, {
    args: [push.path, push.mode, sum, push.mustRun === true ? 'runs' : 'any'],
    input,
    asRoot: push.asRoot,
    timeoutMs: pushTimeoutMs,
    signal: push.signal,
  });
  if (result.code === 0) return;
  const words = printable(result.stderr);
  if (/No space left|Disk quota/i.test(words))
    throw new HostFailure(
      'DiskFull',
      `Cannot write ${push.path}: the disk is full (${words}). Make room on the host.`,
    );
  if (result.code === 65)
    throw new HostFailure(
      'ChecksumMismatch',
      `Cannot write ${push.path}: what arrived is not what was sent. It was thrown away; the next attempt follows.`,
    );
  if (result.code === 66)
    throw new HostFailure('NodeRuntimeMissing', `Cannot use ${push.path}: it does not run there: ${words}`);
  throw new HostFailure('InstallFailed', `Cannot write ${push.path}: ${words}`);
}

/** The sha256 of a file, read as a stream. */
export async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1_048_576 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}
