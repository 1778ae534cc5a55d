/** The expression between slashes; undefined for a text. @throws SyntaxError for what is none */
export function outputPattern(output: string): RegExp | undefined {
  const [, source] = /^\/(.+)\/$/su.exec(output) ?? [];
  return source === undefined ? undefined : new RegExp(source, "mu");
}
