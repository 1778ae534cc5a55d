import { type Stats, statSync } from "node:fs";
import { codeOf } from "../../proxmox/api/trust";
import { shellQuote } from "./shell-quote";
import { UnsafePath } from "./unsafe-path";

/** Refuses a folder of another user, or one in which others may write; one that is not there is none. @throws UnsafePath */
export function checkPrivateFolder(folder: string): void {
  const found = look(folder);
  if (found === undefined) return;
  const user = process.geteuid?.();
  if (user !== undefined && found.uid !== user) {
    const mend = `sudo chown -R ${String(user)} ${shellQuote(folder)}`;
    throw new UnsafePath(folder, `it belongs to user ${String(found.uid)}`, mend);
  }
  if ((found.mode & 0o022) !== 0) {
    throw new UnsafePath(folder, "its group or others may write to it", `chmod go-w ${shellQuote(folder)}`);
  }
}

/** Undefined where nothing can be there: whoever makes the folder is told why not. */
function look(folder: string): Stats | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false });
  } catch (error) {
    if (["ENOTDIR", "EACCES"].includes(codeOf(error))) return undefined;
    throw error;
  }
}
