import { readFileSync, statSync } from "node:fs";
import { messageOf } from "../../machine/error-code";
import { shellQuote } from "../../machine/shell-quote";
import { UnsafePath } from "../../machine/unsafe-path";
import { usageError } from "../../terminal/command-error";

/** The text of a file with a secret. @throws CommandError (2) where it cannot be read, UnsafePath where others may read or write it */
export function readSecretFile(path: string): string {
  try {
    const { uid, mode } = statSync(path);
    const user = process.geteuid?.();
    // Root has put it there for this user, as systemd does.
    if (user !== undefined && uid !== user && uid !== 0) {
      throw new UnsafePath(path, `it belongs to user ${String(uid)}`, `sudo chown ${String(user)} ${shellQuote(path)}`);
    }
    if ((mode & 0o077) !== 0) {
      throw new UnsafePath(path, "its group or others may read or write it", `chmod go= ${shellQuote(path)}`);
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UnsafePath) throw error;
    throw usageError(
      `the file of an address cannot be read: ${messageOf(error)}`,
      `write the address into it: ${path}`,
    );
  }
}
