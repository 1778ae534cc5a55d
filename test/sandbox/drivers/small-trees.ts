import { chmod, lchown, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTime, timeOf } from "../machine/files";

/** Bytes of a tree that is small: it is held in memory, where programs would be started for each. */
export const ENOUGH = 256 * 1024;

/** A folder, a file or a link of a tree. */
export interface Entry {
  /** Below the tree; empty for the tree itself. */
  path: string;
  /** A folder has none. */
  content?: Buffer;
  link?: string;
  mode: number;
  uid: number;
  gid: number;
  /** Unix microseconds: what Node can set. */
  time: number;
}

/** Copies a tree; false where it is large or holds more than folders, files and links, and nothing was done. */
export async function copySmallTree(from: string, to: string): Promise<boolean> {
  const entries = await entriesOf(from);
  if (entries === undefined) return false;
  await putEntries(to, entries);
  return true;
}

/** A tree in an order in which it can be made again; undefined where it is large or holds something else. */
export async function entriesOf(root: string): Promise<readonly Entry[] | undefined> {
  const found: Entry[] = [];
  let bytes = 0;
  const add = async (path: string): Promise<boolean> => {
    const place = join(root, path);
    const facts = await lstat(place);
    const { mode, uid, gid } = facts;
    const entry = { path, mode, uid, gid, time: timeOf(facts) };
    if (facts.isDirectory()) {
      found.push(entry);
      for (const name of (await readdir(place)).sort()) if (!(await add(join(path, name)))) return false;
      return true;
    }
    bytes += facts.size;
    // A file with two names is one in an archive.
    if (bytes > ENOUGH || facts.nlink > 1 || !(facts.isFile() || facts.isSymbolicLink())) return false;
    found.push(
      facts.isFile() ? { ...entry, content: await readFile(place) } : { ...entry, link: await readlink(place) },
    );
    return true;
  };
  return (await add("")) ? found : undefined;
}

/** Makes a tree where nothing is but, at most, its own folder. */
export async function putEntries(root: string, entries: readonly Entry[]): Promise<void> {
  for (const { path, content, link, mode, uid, gid } of entries) {
    const place = join(root, path);
    if (link !== undefined) await symlink(link, place);
    else if (content !== undefined) await writeFile(place, content);
    else await mkdir(place, { recursive: true });
    if (process.getuid?.() === 0) await lchown(place, uid, gid);
    if (link === undefined) await chmod(place, mode & 0o7777);
  }
  // Last, and from the innermost: whatever is made in a folder changes its time.
  for (const { path, link, time } of entries.toReversed()) {
    await setTime(join(root, path), time, link !== undefined);
  }
}
