import { mkdir, mkdtemp, open, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { CommandFailed, run } from "../../../machine/child-process";
import { exists } from "../../../machine/files";
import type { Image, SeedFiles } from "../../machines";

/** Makes an empty image. @throws EEXIST where there is a file */
export async function createImage({ path, format }: Image, size: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await (await open(path, "wx", 0o640)).close();
  await qemuImage("create", "-q", "-f", format, path, String(size));
}

/** Grows an image that no running machine has. */
export async function growImage({ path, format }: Image, size: number): Promise<void> {
  await qemuImage("resize", "-q", "-f", format, path, String(size));
}

/**
 * Copies what a guest sees; holes stay holes. The source may belong to a paused machine, which holds QEMU's lock on it. An
 * image that is larger than what is copied into it keeps its size, with zeros at the end.
 */
export async function copyImage(from: Image, to: Image): Promise<void> {
  await mkdir(dirname(to.path), { recursive: true });
  const size = (await exists(to.path)) ? await imageSize(to) : 0;
  await qemuImage("convert", "-U", "-f", from.format, "-O", to.format, from.path, to.path);
  if (size > (await imageSize(to))) await growImage(to, size);
}

const informationSchema = z.object({ "virtual-size": z.number() });

export async function imageSize({ path, format }: Image): Promise<number> {
  const text = await qemuImage("info", "-U", "-f", format, "--output=json", path);
  return informationSchema.parse(JSON.parse(text))["virtual-size"];
}

/** Of Proxmox's drives for cloud-init (PVE::QemuServer::Cloudinit). */
const SEED_SIZE = 4 * 1024 ** 2;

/** Writes the drive that cloud-init reads over an image. */
export async function writeSeed(image: Image, files: SeedFiles): Promise<void> {
  await mkdir(dirname(image.path), { recursive: true });
  const folder = await mkdtemp(join(dirname(image.path), ".seed-"));
  try {
    const names = { "meta-data": files.metaData, "user-data": files.userData, "network-config": files.networkConfig };
    for (const [name, text] of Object.entries(names)) await writeFile(join(folder, name), text);
    const disc = join(folder, "disc.iso");
    const paths = Object.keys(names).map((name) => join(folder, name));
    await tool("genisoimage", ["-quiet", "-J", "-R", "-V", "cidata", "-o", disc, ...paths]);
    if ((await stat(disc)).size < SEED_SIZE) await truncate(disc, SEED_SIZE);
    await copyImage({ path: disc, format: "raw" }, image);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function qemuImage(...words: readonly string[]): Promise<string> {
  return tool("qemu-img", words);
}

async function tool(program: string, words: readonly string[]): Promise<string> {
  try {
    return await run(program, words);
  } catch (failure) {
    if (!(failure instanceof CommandFailed) || !failure.message.endsWith("ENOENT")) throw failure;
    throw notInstalled(program);
  }
}

/** Only sites that have virtual machines need what they need. */
export function notInstalled(program: string): Error {
  return new Error(`${program} is not installed; virtual machines need: npm run sandbox -- up --machines`);
}
