declare const fixed: unique symbol;

/** Text of a POSIX shell script that was written by us and never changes: what varies goes to its standard input. */
export type Script = string & { readonly [fixed]: true };

/** Only for constants at the top of a file. */
export function script(text: TemplateStringsArray): Script {
  const preamble =
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH; LC_ALL=C; export LC_ALL\n';
  return (preamble + (text.raw[0] ?? '')) as Script;
}

/** The command line that runs a script, whatever the user's login shell is. */
export function commandLine(text: Script, asRoot: boolean): string {
  const quoted = `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return asRoot ? `sudo -n /bin/sh -c ${quoted}` : `/bin/sh -c ${quoted}`;
}

/** Arguments travel as lines ahead of the data; the script takes each by `IFS= read -r`. */
export function argumentLines(values: readonly string[]): string {
  for (const value of values)
    if (/[\n\0]/.test(value))
      throw new RangeError(`Cannot pass ${JSON.stringify(value)}: it holds a line break`);
  return values.map((value) => `${value}\n`).join('');
}
