/** Why a host cannot be used, in one word: the reason of its condition. */
export type FailureReason =
  | 'InvalidAddress'
  | 'Unreachable'
  | 'UnknownHostKey'
  | 'HostKeyChanged'
  | 'HostKeyRevoked'
  | 'AuthenticationFailed'
  | 'KeyUnreadable'
  | 'ConnectionLost'
  | 'CommandFailed'
  | 'Timeout'
  | 'OutputTooLarge'
  | 'ForwardingRefused'
  | 'NotRoot'
  | 'SudoRefused'
  | 'UnsupportedSystem'
  | 'MissingProgram'
  | 'DiskFull'
  | 'RuntimeMissing'
  | 'RuntimeUnsupported'
  | 'RuntimeNotRunning'
  | 'InstallFailed'
  | 'ChecksumMismatch'
  | 'NodeRuntimeMissing'
  | 'AgentNotHealthy'
  | 'OwnedByAnotherCluster'
  | 'NodeNameTaken';

/** What stands between a host and the cluster, for people: what failed, why, what to do. */
export class HostFailure extends Error {
  override readonly name = 'HostFailure';
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** Text from a host, made fit to be shown: no control characters, no terminal escapes, at most `charsMax`. */
export function printable(text: string, charsMax = 600): string {
  const clean = text.replaceAll(/[^\P{C}\n]/gu, '').trim();
  return clean.length <= charsMax ? clean : `…${clean.slice(-charsMax)}`;
}
