import { statSync } from "node:fs";
import { shellQuote } from "./shell-quote";

/** A folder in which somebody else could have put what lies there. */
export class UnsafeFolder extends Error {
  override readonly name = "UnsafeFolder";

  constructor(
    readonly path: string,
    reason: string,
    /** The command that mends it. */
    readonly mend: string,
  ) {
    super(`${path} is not safe: ${reason}`);
  }
}

/** Refuses a folder of another user, or one in which others may write; one that is not there is none. @throws UnsafeFolder */
export function checkPrivateFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  const user = process.geteuid?.();
  if (user !== undefined && found.uid !== user) {
    const mend = `sudo chown -R ${String(user)} ${shellQuote(folder)}`;
    throw new UnsafeFolder(folder, `it belongs to user ${String(found.uid)}`, mend);
  }
  if ((found.mode & 0o022) !== 0) {
    throw new UnsafeFolder(folder, "its group or others may write to it", `chmod go-w ${shellQuote(folder)}`);
  }
}
