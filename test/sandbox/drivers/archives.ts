import { mkdir, open, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Compression, Log } from "./driver";
import { contentKey } from "./known-archives";
import { CommandFailed, run, runPipeline, type Stage } from "../machine/child-process";

/**
 * Container archives in Proxmox's own layout, written and read by GNU tar as Proxmox does (PVE::VZDump::LXC,
 * PVE::LXC::Create). Both drivers pack through these functions, so that their archives differ in nothing.
 */

/** PVE::Storage::Plugin::COMMON_TAR_FLAGS. */
const COMMON_TAR_FLAGS = [
  "--one-file-system",
  "-p",
  "--sparse",
  "--numeric-owner",
  "--acls",
  "--xattrs",
  "--xattrs-include=user.*",
  "--xattrs-include=security.capability",
  "--warning=no-file-ignored",
  "--warning=no-xattr-write",
] as const;

export interface TreeToPack {
  /** Folder under which the container's tree is mounted or assembled. */
  tree: string;
  /**
   * What is packed from there, such as `.` and `./keep`: each volume that is a file system of its own is named, because
   * tar stays on one file system for each of them.
   */
  sources: readonly string[];
  configuration: string;
  firewall: string;
  /** In Proxmox's form: with a leading `/` from the container's root, without one at any depth. */
  exclude: readonly string[];
  compression: Compression;
  /** Of the compressor. */
  threads?: number;
  destination: string;
  /** A folder that may be made and removed, for the first two members. */
  temporary: string;
  bytesPerSecond?: number;
  signal?: AbortSignal;
}

/**
 * Writes an archive: `./etc/vzdump/pct.conf`, `./etc/vzdump/pct.fw`, then the tree, in one stream.
 * tar's own lines go to `log`, among them `Total bytes written: …`.
 * @throws CommandFailed with the last error line of the program that failed
 */
export async function packTree(request: TreeToPack, log: Log): Promise<{ tarBytes: number }> {
  const members = join(request.temporary, "etc", "vzdump");
  await mkdir(members, { recursive: true });
  await writeFile(join(members, "pct.conf"), request.configuration);
  await writeFile(join(members, "pct.fw"), request.firewall);
  let tarBytes = 0;
  const onLine = (line: string) => {
    tarBytes = Number(/^Total bytes written: (\d+)/.exec(line)?.[1] ?? tarBytes);
    log(line);
  };
  await runPipeline(
    [{ program: "tar", arguments: packArguments(request) }, ...compressor(request.compression, request.threads)],
    {
      output: request.destination,
      onLine,
      ...(request.bytesPerSecond === undefined ? {} : { bytesPerSecond: request.bytesPerSecond }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    },
  );
  await rm(join(request.temporary, "etc"), { recursive: true, force: true });
  return { tarBytes };
}

/** The arguments with which Proxmox packs a container's tree to its standard output. */
export function packArguments(request: Pick<TreeToPack, "temporary" | "tree" | "exclude" | "sources">): string[] {
  const fromRoot = request.exclude.filter((pattern) => pattern.startsWith("/"));
  const anywhere = request.exclude.filter((pattern) => !pattern.startsWith("/"));
  return [
    "cpf",
    "-",
    "--totals",
    ...COMMON_TAR_FLAGS,
    "--one-file-system",
    "--warning=no-file-ignored",
    `--directory=${request.temporary}`,
    "./etc/vzdump/pct.conf",
    "./etc/vzdump/pct.fw",
    `--directory=${request.tree}`,
    "--no-anchored",
    ...anywhere.map((pattern) => `--exclude=${pattern}`),
    "--anchored",
    ...fromRoot.map((pattern) => `--exclude=.${pattern}`),
    ...request.sources,
  ];
}

/** The compressor behind tar; none for an archive that is not compressed. */
export function compressor(compression: Compression, threads = 1): Stage[] {
  if (compression === "none") return [];
  if (compression === "gzip") return [{ program: "gzip", arguments: ["--rsyncable"] }];
  if (compression === "lzo") return [{ program: "lzop", arguments: [] }];
  return [{ program: "zstd", arguments: [`--threads=${threads}`] }];
}

/** tar's option for an archive's name (PVE::LXC::Create, tar_compression_option). */
function decompression(archive: string): string[] {
  const extension = /\.tar(?:\.([^./]+))?$/.exec(archive);
  if (extension === null)
    throw new CommandFailed("tar", undefined, `file does not look like a template archive: ${archive}`);
  const compression = extension[1];
  const options: Record<string, string> = { gz: "-z", bz2: "-j", xz: "-J", lzo: "--lzop", zst: "--zstd" };
  if (compression === undefined) return [];
  const option = options[compression];
  if (option === undefined)
    throw new CommandFailed("tar", undefined, `unrecognized compression format: .${compression}`);
  return [option];
}

/** The arguments with which Proxmox unpacks a template or an archive from its standard input. */
export function unpackArguments(archive: string, tree: string): string[] {
  return [
    "xpf",
    "-",
    ...decompression(archive),
    "--totals",
    ...COMMON_TAR_FLAGS,
    "-C",
    tree,
    "--skip-old-files",
    "--anchored",
    "--exclude",
    "./dev/*",
  ];
}

/**
 * Unpacks an archive into a tree. tar's own lines go to `log`, among them `Total bytes read: …`.
 * @throws CommandFailed with tar's last error line
 */
export async function unpackTree(
  archive: string,
  tree: string,
  log: Log,
  options: { exclude?: readonly string[]; bytesPerSecond?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const excluded = (options.exclude ?? []).map((member) => `--exclude=${member}`);
  await run("tar", [...unpackArguments(archive, tree), ...excluded], { ...options, input: archive, onLine: log });
}

/** Members that were read, by what the file holds, or for a large one by the file as it was then (which any write to it changes). */
const members = new Map<string, Promise<string | undefined>>();
const MEMBERS_KEPT = 1000;

/**
 * Text of the first member of that name, undefined when there is none. Reading stops there, so that a
 * configuration at the front of a large archive costs little; a file that has not changed since is not read again.
 * @throws CommandFailed when the archive cannot be read up to the member
 */
export async function readArchiveMember(archive: string, member: string): Promise<string | undefined> {
  const { dev, ino, size, ctimeNs } = await stat(archive, { bigint: true });
  const file = (await contentKey(archive)) ?? [dev, ino, size, ctimeNs, archive].join("\0");
  const key = [file, member].join("\0");
  const known = members.get(key);
  if (known !== undefined) return known;
  if (members.size >= MEMBERS_KEPT) members.clear();
  const read = unpackMember(archive, member);
  members.set(key, read);
  // What a failure says may name the file.
  read.catch(() => members.delete(key));
  return read;
}

/** tar finds out by itself how a file is packed, whatever its name is (PVE::Storage::extract_vzdump_config_tar). */
async function unpackMember(archive: string, member: string): Promise<string | undefined> {
  const lines: string[] = [];
  try {
    return await run("tar", ["-xOf", archive, "--occurrence=1", member], { onLine: (line) => lines.push(line) });
  } catch (failure) {
    if (lines.some((line) => line.endsWith(`${member}: Not found in archive`))) return undefined;
    throw failure;
  }
}

/** Ways in which an archive is spoilt on request. */
export type Damage = "truncated" | "flipped";

/** Cuts the second half of a file off, or turns over one bit in its middle. */
export async function damageFile(path: string, damage: Damage): Promise<void> {
  const { size } = await stat(path);
  const middle = Math.floor(size / 2);
  if (damage === "truncated") return truncate(path, middle);
  const file = await open(path, "r+");
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, middle);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0x10]), 0, 1, middle);
  } finally {
    await file.close();
  }
}
