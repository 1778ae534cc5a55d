import { randomBytes } from "node:crypto";
import { lstat, mkdir, readFile, readlink, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode } from "../../machine/files";

/**
 * Files of a guest, named by their path in the guest. Symbolic links are followed as the guest would see them: an
 * absolute one starts at the guest's root, never at this machine's.
 */
export class GuestTree {
  readonly #root: string;

  /** @param root folder under which the guest's tree is mounted */
  constructor(root: string) {
    this.#root = root;
  }

  /** Text of a file; undefined when it does not exist. */
  async read(path: string): Promise<string | undefined> {
    const place = await this.#resolve(path);
    return (await kindOf(place)) === "file" ? readFile(place, "utf8") : undefined;
  }

  /** Whether the path exists, links followed. */
  async has(path: string): Promise<boolean> {
    return (await kindOf(await this.#resolve(path))) !== undefined;
  }

  /** Target of a symbolic link as it is written; undefined when there is no link. */
  async link(path: string): Promise<string | undefined> {
    const place = join(await this.#resolve(dirname(path)), baseName(path));
    return (await kindOf(place)) === "link" ? readlink(place) : undefined;
  }

  /**
   * Puts a file in place at once, so that a killed emulator never leaves half of one. A symbolic link in its place is
   * replaced, as Proxmox does with `etc/resolv.conf`; missing folders are made.
   */
  async write(path: string, text: string, mode = 0o644): Promise<void> {
    const folder = await this.#resolve(dirname(path));
    await mkdir(folder, { recursive: true });
    const place = join(folder, baseName(path));
    const temporary = `${place}.${randomBytes(4).toString("hex")}.tmp`;
    await writeFile(temporary, text, { mode, flag: "wx" });
    await rename(temporary, place);
  }

  /** Makes a folder with a mode of its own, or leaves the one that is there. */
  async makeFolder(path: string, mode: number): Promise<void> {
    if (!(await this.has(path))) await mkdir(await this.#resolve(path), { recursive: true, mode });
  }

  async remove(path: string): Promise<void> {
    await rm(join(await this.#resolve(dirname(path)), baseName(path)), { force: true });
  }

  /** Where a path of the guest lies on this machine, links followed; parts that do not exist are taken as they are. */
  async #resolve(path: string): Promise<string> {
    const ahead = parts(path);
    const behind: string[] = [];
    for (let links = 0; ;) {
      const part = ahead.shift();
      if (part === undefined) return join(this.#root, ...behind);
      if (part === "..") {
        behind.pop();
        continue;
      }
      const place = join(this.#root, ...behind, part);
      if ((await kindOf(place)) !== "link") {
        behind.push(part);
        continue;
      }
      links += 1;
      if (links > 40) throw new Error(`${path}: too many levels of symbolic links`);
      const target = await readlink(place);
      if (target.startsWith("/")) behind.length = 0;
      ahead.unshift(...parts(target));
    }
  }
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function baseName(path: string): string {
  const name = parts(path).at(-1);
  if (name === undefined || name === "..") throw new Error(`'${path}' is no path of a file`);
  return name;
}

async function kindOf(place: string): Promise<"file" | "folder" | "link" | "other" | undefined> {
  const found = await lstat(place).catch((failure: unknown) => {
    if (hasCode(failure, "ENOENT") || hasCode(failure, "ENOTDIR")) return undefined;
    throw failure;
  });
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) return "link";
  if (found.isDirectory()) return "folder";
  return found.isFile() ? "file" : "other";
}
