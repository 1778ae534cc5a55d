/**
 * Names, notes, log lines and error texts come from guests and from whoever may write them: they are data. A terminal
 * obeys control characters (it can be told to hide lines, change its title or type for the user), so none of them may
 * reach it.
 */

/**
 * C0 and C1 controls, DEL, line and paragraph separators, and the characters that reorder or hide text
 * (Unicode's bidirectional controls, zero-width marks, byte order mark, tag characters).
 */
const unprintable =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** An escape sequence as a whole, so that its harmless-looking rest (`[31m`) does not stay behind. */
const escapeSequence =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/gu;

/** One line of text that is safe on a terminal: line breaks and tabs become spaces, everything unprintable is dropped. */
export function plainText(text: string): string {
  return text
    .replace(escapeSequence, "")
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/gu, " ")
    .replace(unprintable, "")
    .trimEnd();
}

/** Several lines of text that are safe on a terminal: like {@link plainText}, but `\n` stays. */
export function plainLines(text: string): string {
  return text
    .split(/\r\n|\n|\r/u)
    .map(plainText)
    .join("\n");
}
