import { createHash } from "node:crypto";
import { constants, createReadStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Layout } from "../layout";
import { realTemplate } from "../template";
import type { Artifact } from "./artifacts";
import { typeScript } from "../../machine/type-script";
import { type Service, serviceFolder, type ServicePlace } from "./service";

const ADDRESS = "192.0.2.20";

/** The site's own web server with what guests install, and beside each file its sum as `<file>.sha256`. */
export const mirror: Service = {
  name: "mirror",
  title: "artifact mirror",
  address: ADDRESS,
  url: `http://${ADDRESS}`,
  prepare,
  command: ({ projectFolder, folder }) => ({
    words: [
      ...typeScript(projectFolder, "test/sandbox/services/artifact-mirror.ts"),
      "--folder",
      join(folder, FILES),
      "--listen",
      `${ADDRESS}:80`,
    ],
  }),
  ready,
};

/** Where an artifact is on the mirror, as settings name it. */
export function onMirror(layout: Layout, artifact: Artifact): { url: string; sha256: string } {
  const sum = readFileSync(join(mirrorFiles(layout), `${artifact.name}.sha256`), "utf8");
  return { url: `${mirror.url}/${artifact.name}`, sha256: sum.split(" ")[0] ?? "" };
}

/** Folder with what the mirror offers: what is put there is offered at once. */
export function mirrorFiles(layout: Layout): string {
  return join(serviceFolder(layout, "mirror"), FILES);
}

const FILES = "files";

async function prepare({ folder, artifacts }: ServicePlace): Promise<void> {
  const { minio, minioHotfix } = artifacts;
  const template = await realTemplate(() => undefined);
  const files = [minio, minioHotfix, { program: template, name: basename(template) }];
  for (const file of files) await offer(join(folder, FILES), file);
}

/** Puts a file on the mirror of a site, unless it is there. */
export function offerOnMirror(layout: Layout, artifact: Artifact): Promise<void> {
  return offer(mirrorFiles(layout), artifact);
}

async function offer(folder: string, { program, name }: Artifact): Promise<void> {
  const place = join(folder, name);
  if (!existsSync(place)) await copyWhole(program, place);
  if (!existsSync(`${place}.sha256`)) writeFileSync(`${place}.sha256`, `${await sumOf(place)}  ${name}\n`);
}

/** A copy, no link: whoever damages a file on the mirror leaves the toolchain's cache as it is. */
async function copyWhole(file: string, place: string): Promise<void> {
  mkdirSync(dirname(place), { recursive: true });
  await copyFile(file, `${place}.new`, constants.COPYFILE_FICLONE);
  renameSync(`${place}.new`, place);
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

const START_LIMIT = 30_000;

/** It says where it listens, in one line. */
async function ready({ log }: ServicePlace): Promise<void> {
  for (let waited = 0; waited < START_LIMIT; waited += 50) {
    const said = readFileSync(log, "utf8");
    if (said.includes(`"address":"${ADDRESS}"`)) return;
    if (said.includes("Error")) throw new Error(said.trim());
    await sleep(50);
  }
  throw new Error(`it does not listen: ${readFileSync(log, "utf8").trim()}`);
}
