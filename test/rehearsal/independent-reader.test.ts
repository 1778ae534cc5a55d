import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BrokenArchive } from "../sandbox/drivers/vma/read-vma";
import { packMachine, readMachineHeader, unpackMachine } from "../sandbox/drivers/machine-archives";
import { readHere } from "../unit/scripts/clients/node-program/read-here";
import { obtainReader, readWith } from "./support/independent-reader";

// Archives of virtual machines, written by the sandbox and read by somebody else's program, and the other way round. That
// program is a package of Python: without it, or without a way to get it, these tests are skipped.
const reader = obtainReader();
const mebibyte = 1024 ** 2;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lifeboat-vma-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** A disk with content here and there, over more clusters than one extent has. */
async function disk(name: string, size: number): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, "");
  await truncate(path, size);
  const file = await open(path, "r+");
  for (let place = 0; place < size - 8192; place += 777_777) {
    const content = Buffer.alloc(6000, `${name} at ${place} `);
    await file.write(content, 0, content.length, place);
  }
  await file.write(Buffer.from("last"), 0, 4, size - 4);
  await file.close();
  return path;
}

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

("reason" in reader ? describe.skip : describe)("beside somebody else's reader", () => {
  test("an archive of the sandbox, read by dissect.archive, has the same bytes on each disk and the same configuration [D1, D14]", async () => {
    const configuration = "name: db\nscsi0: local:120/vm-120-disk-0.raw\n#qmdump#map:scsi0:drive-scsi0:local:raw:\n";
    const sources = [
      { name: "drive-efidisk0", size: 528 * 1024, file: await disk("efi", 528 * 1024) },
      { name: "drive-scsi0", size: 9 * mebibyte + 512, file: await disk("system", 9 * mebibyte + 512) },
      { name: "drive-tpmstate0-backup", size: 4 * mebibyte, file: await disk("tpm", 4 * mebibyte) },
    ];
    const destination = join(folder, "machine.vma");
    const texts = new Map([["qemu-server.conf", configuration]]);
    await packMachine({ texts, disks: sources, time: 1_795_000_000, compression: "none", threads: 1, destination });
    const read = readWith(reader, destination);
    expect(read.configurations).toEqual({ "qemu-server.conf": configuration });
    expect(read.devices).toEqual(
      await Promise.all(sources.map(async ({ name, size, file }) => ({ name, size, sha256: await sha256(file) }))),
    );
  });

  test("a piece of a machine's archive from elsewhere is told to be cut off, with its configuration and disks [D1, D9, G1]", async () => {
    const piece = join(folder, "vzdump-qemu-100-2021_01_01-00_00_00.vma.gz");
    await writeFile(piece, reader.piece);
    const { texts, devices } = await readMachineHeader(piece);
    expect(devices).toEqual([{ id: 1, name: "drive-scsi0", size: 10 * 1024 ** 3 }]);
    const configuration = texts.get("qemu-server.conf") ?? "";
    expect(configuration).toMatch(/^name: Test$/mu);
    expect(configuration).toMatch(/^#qmdump#map:scsi0:drive-scsi0:.*:raw:$/mu);
    const reading = await readHere(piece);
    expect(reading).toMatchObject({
      format: "vma",
      configuration,
      result: {
        kind: "damaged",
        why: expect.stringMatching(/^it is cut off: \d+ of 163840 clusters of drive-scsi0 are missing$/u),
      },
    });
    const unpacked = unpackMachine(piece, {}, async () => () => "/dev/null");
    await expect(unpacked).rejects.toThrow(BrokenArchive);
  });
});
