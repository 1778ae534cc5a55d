import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packMachine } from "../../../../sandbox/drivers/machine-archives";
import { readHere } from "./read-here";

/** Disks that an archive of a machine holds, and those that its configuration names: Proxmox restores none where they differ. */
const folder = mkdtempSync(join(tmpdir(), "lifeboat-mapped-"));
const SIZE = 200_000;

beforeAll(() => writeFileSync(join(folder, "disk.raw"), randomBytes(SIZE)));
afterAll(() => rmSync(folder, { recursive: true }));

const named = "name: db\n#qmdump#map:scsi0:drive-scsi0:local:raw:\n";
test.each([
  ["each named by the other", named, ["drive-scsi0"], "whole"],
  ["a machine's memory beside them", named, ["drive-scsi0", "vmstate"], "whole"],
  [
    "a disk of the configuration that it does not hold",
    `${named}#qmdump#map:virtio1:drive-virtio1:local:raw:\n`,
    ["drive-scsi0"],
    "damaged: it holds no data of virtio1, which its configuration names",
  ],
  [
    "a disk that the configuration does not name",
    named,
    ["drive-scsi0", "drive-scsi1"],
    "damaged: its configuration does not tell which disk drive-scsi1 is",
  ],
  ["an empty configuration", "", ["drive-scsi0"], "damaged: its configuration is empty"],
])("a machine's disks and its configuration: %s [G1]", async (_, text, names, expected) => {
  const disks = names.map((name) => ({ name, size: SIZE, file: join(folder, "disk.raw") }));
  const destination = join(folder, "mapped.vma");
  const texts = new Map([["qemu-server.conf", text]]);
  await packMachine({ compression: "none", threads: 1, texts, disks, time: 1, destination });
  const { result } = await readHere(destination);
  expect(result.kind === "whole" ? "whole" : `${result.kind}: ${result.why}`).toBe(expected);
});
