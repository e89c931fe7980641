/**
 * The answer of /version. `release` is the Kubernetes release whose API this is, "1.36.3". Helm compares gitVersion as a
 * semantic version and takes a dash for a pre-release, so our own part stands behind a plus.
 */
export function versionInfo(release: string, ownVersion: string, platform: string): object {
  const [major = '', minor = ''] = release.split('.');
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: gitVersion(release, ownVersion),
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'node',
    platform,
  };
}

/** "v1.36.3+flotilla.0.1.0". */
export function gitVersion(release: string, ownVersion: string): string {
  return `v${release}+flotilla.${ownVersion.replaceAll('-', '.')}`;
}
