/** Makes the volumes and files that a fixture describes, below the nodes' folders. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../machine/child-process";
import type { Fixture, FixtureFile, FixtureVolume } from "./fixture";
import type { Node, Site } from "./site";

/** Brings a site to the state of a fixture, whatever it was before. */
export async function loadFixture(site: Site, fixture: Fixture): Promise<void> {
  site.replace(fixture.clusters, fixture.backupServers);
  for (const volume of fixture.volumes) await makeVolume(site, nodeNamed(site, volume.node), volume);
  for (const file of fixture.files) await makeFile(nodeNamed(site, file.node), file);
}

function nodeNamed(site: Site, name: string): Node {
  const node = site.findNode(name);
  if (node === undefined) throw new Error(`the fixture has no node '${name}'`);
  return node;
}

async function makeVolume(site: Site, node: Node, volume: FixtureVolume): Promise<void> {
  const { volid, format, size } = volume;
  const path = node.path(volume.path);
  if (format !== "subvol" && site.driver.name === "real" && Object.keys(volume.files).length > 0) {
    throw new Error(`${volid}: files in an image cannot be made from a fixture; use a volume of format subvol`);
  }
  await site.driver.createVolume({ volid, path, format: format === "vmdk" ? "raw" : format, size });
  makeTree(path, volume.folders, volume.files);
}

async function makeFile(node: Node, file: FixtureFile): Promise<void> {
  const path = node.path(file.path);
  mkdirSync(dirname(path), { recursive: true });
  if (file.format === "tar.zst") return packTemplate(path, file);
  if (file.format === "qcow2") return writeFileSync(path, emptyQcow2(file.virtualSize ?? 0));
  return writeFileSync(path, file.text ?? "");
}

/** Templates that were packed, by what is in them: many sites of one run begin with the same. */
const templates = new Map<string, Buffer>();

/** A container template: what the fixture lists, owned by root. */
async function packTemplate(path: string, file: FixtureFile): Promise<void> {
  const key = JSON.stringify([file.folders, file.files]);
  const known = templates.get(key);
  if (known !== undefined) return writeFileSync(path, known);
  await packAnew(path, file);
  templates.set(key, await readFile(path));
}

async function packAnew(path: string, file: FixtureFile): Promise<void> {
  const tree = mkdtempSync(join(dirname(path), ".template-"));
  try {
    makeTree(tree, file.folders, file.files);
    await run("tar", ["-C", tree, "--zstd", "--owner=0", "--group=0", "--numeric-owner", "-cf", path, "."]);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

function makeTree(root: string, folders: readonly string[], files: Readonly<Record<string, string>>): void {
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/**
 * The header of an empty image of so many bytes: format version 3, clusters of 64 KiB. As large as qemu-img makes it: header,
 * reference table and block, and 8 bytes for each 512 MiB.
 */
function emptyQcow2(virtualSize: number): Buffer {
  const header = Buffer.alloc(3 * 65_536 + 8 * Math.ceil(virtualSize / 512 / 1024 ** 2));
  header.write("QFI\xfb", 0, "latin1");
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(BigInt(virtualSize), 24);
  header.writeUInt32BE(104, 100);
  return header;
}
