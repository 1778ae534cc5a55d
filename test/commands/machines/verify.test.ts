import { readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readVerification } from "../../../site/restore/verification-record";
import { logInToNode, nodeShell } from "../support/site/node-ssh";
import { MachineSite, node } from "./machine-site";

/** Archives of virtual machines, read as on a node: what reads them is the real thing. */
let site: MachineSite;
let env: Record<string, string>;

beforeAll(async () => {
  site = await MachineSite.start([
    { id: 120, name: "db" },
    { id: 121, name: "app" },
  ]);
  logInToNode(site);
  env = { PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? ""}` };
});

afterAll(() => site.stop());

function file(volid: string): string {
  return join(site.nodePath(node, "mnt/backup/dump"), volid.slice(volid.indexOf("/") + 1));
}

/** Turns one bit over at a place of an archive. */
function flip(volid: string, placeOf: (bytes: Buffer) => number): void {
  const bytes = readFileSync(file(volid));
  const place = placeOf(bytes);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(file(volid), bytes);
}

/** The end code, and results and problems by archive. */
async function verify(): Promise<[number | null, Record<string, [string, string]>]> {
  const { code, stdout } = await site.lifeboat(["verify", "prod", "--archives", "--json"], { env });
  const archives: { archive: string; result: string; problems: string[] }[] =
    JSON.parse(stdout).environments[0].archives;
  return [code, Object.fromEntries(archives.map((one) => [one.archive, [one.result, one.problems.join("; ")]]))];
}

test("machines' archives: whole ones are recorded; a bit, a cut, a swap are found in them, and a disk's bit in a plain one by the recorded sum alone [G1]", async () => {
  await site.writeDisk(120, "scsi0", "what was saved");
  const whole = await site.backUp(120);
  const plain = await site.backUp(120, { compress: "0" });
  const bit = await site.backUp(120);
  const cut = await site.backUp(120);
  const header = await site.backUp(121, { compress: "0" });
  const swapped = [await site.backUp(120), await site.backUp(121)] as const;
  const all = [whole, plain, bit, cut, header, ...swapped];
  expect(await verify()).toEqual([0, Object.fromEntries(all.map((volid) => [volid, ["whole", ""]]))]);
  const { notes } = await site.client.backups.archiveDetails(node, plain);
  expect(readVerification(notes)).toMatchObject({ sha256: expect.any(String), damage: undefined });
  flip(plain, (bytes) => bytes.indexOf("what was saved"));
  flip(bit, (bytes) => Math.floor(bytes.length / 2));
  flip(header, () => 60);
  truncateSync(file(cut), Math.floor(readFileSync(file(cut)).length / 2));
  renameSync(file(swapped[0]), file("backup:backup/witness"));
  renameSync(file(swapped[1]), file(swapped[0]));
  renameSync(file("backup:backup/witness"), file(swapped[1]));
  const [code, found] = await verify();
  expect([code, found]).toEqual([
    3,
    {
      [whole]: ["whole", ""],
      [plain]: [
        "damaged",
        "its SHA-256 is another than the one recorded when it was first read: its content has changed",
      ],
      [bit]: ["damaged", expect.stringMatching(/\S/u)],
      [cut]: ["damaged", expect.stringMatching(/premature end|unexpected end/iu)],
      [header]: ["damaged", expect.stringContaining("its header is wrong")],
      [swapped[0]]: [
        "damaged",
        expect.stringContaining("its name says that it is of guest 120, and guest 121 is inside"),
      ],
      [swapped[1]]: [
        "damaged",
        expect.stringContaining("its name says that it is of guest 121, and guest 120 is inside"),
      ],
    },
  ]);
});
