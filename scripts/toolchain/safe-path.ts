import { lstatSync, readlinkSync, type Stats } from "node:fs";
import path from "node:path";
import { shellQuote } from "../machine/shell-quote";
import { UnsafePath } from "../machine/unsafe-path";

/**
 * Refuses a file or folder that another user could have made or changed: whoever can write in one of the folders above it
 * decides what runs. Sums kept beside a program would not show that, since the same user could write them. Folders that are
 * links are followed, the last part is not. What is not there is safe.
 *
 * @throws UnsafePath
 */
export function requireSafe(file: string): void {
  const me = process.geteuid?.();
  if (me === undefined) return;
  let isHidden = false;
  for (const place of wayTo(file)) {
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (found === undefined) return;
    requireOwn(place, found, me);
    if (found.isSymbolicLink()) {
      if (place === file) return;
      const target = path.resolve(path.dirname(place), readlinkSync(place));
      requireSafe(path.join(target, path.relative(place, file)));
      return;
    }
    if (!isHidden) requireClosed(place, found);
    // Nobody else comes further than here.
    isHidden ||= found.uid === me && (found.mode & 0o077) === 0;
  }
}

/** From the root to the file itself. */
function wayTo(file: string): string[] {
  const above = path.dirname(file);
  return above === file ? [file] : [...wayTo(above), file];
}

function requireOwn(place: string, { uid }: Stats, me: number): void {
  if (uid === me || uid === 0) return;
  const mend = `look at what is there, then: sudo rm -r ${shellQuote(place)}; or name another folder by XDG_CACHE_HOME`;
  throw new UnsafePath(place, `it belongs to user ${String(uid)}`, mend);
}

function requireClosed(place: string, found: Stats): void {
  const { mode, uid, gid } = found;
  // Only its owner replaces a file in a sticky folder, and a group with its user's number is that user's own.
  if (found.isDirectory() && (mode & 0o1000) !== 0) return;
  if ((mode & 0o002) === 0 && ((mode & 0o020) === 0 || gid === uid)) return;
  const mend = `look at what is there, then: chmod go-w ${shellQuote(place)}`;
  throw new UnsafePath(place, "its group or others may write to it", mend);
}
