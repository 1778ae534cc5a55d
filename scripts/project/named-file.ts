import { readFileSync } from "node:fs";
import { messageOf } from "../machine/error-code";
import { shellQuote } from "../machine/shell-quote";
import { usageError } from "../terminal/command-error";

/**
 * The text of a file that a variable or a setting names.
 *
 * @param namedBy who says that it is this file: `AWS_CA_BUNDLE`, `'ca' of lifeboat:offsite`
 * @throws CommandError (2) where it cannot be read
 */
export function readNamedFile(file: string, namedBy: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(
      `the file that ${namedBy} names cannot be read: ${messageOf(error)}`,
      `correct ${namedBy}, or put the file there: ls -ld ${shellQuote(file)}`,
    );
  }
}
