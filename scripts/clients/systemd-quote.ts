/**
 * A value for a systemd unit's `Environment=`, whatever it holds: `%` is a specifier there, and quotes, backslashes and
 * spaces have a meaning. Source: systemd.syntax(7), systemd.exec(5).
 */
export function systemdQuote(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("%", "%%");
  if (/^[A-Za-z0-9_@+=:,./%$-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** A word of `ExecStart=`, where `$` is a variable as well. Source: systemd.service(5). */
export function systemdWord(text: string): string {
  return systemdQuote(text.replaceAll("$", "$$$$"));
}
