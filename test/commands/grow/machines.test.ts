import { MachineSite, node } from "../machines/machine-site";

/** `db` runs; `old` is stopped, and has a disk on a bus whose disks tell their size only when a guest starts. */
let site: MachineSite;

const machines = [
  { id: 171, name: "db" },
  { id: 172, name: "old", stopped: true, options: { sata1: "data:0.00390625,format=qcow2" } },
];

beforeAll(async () => {
  site = await MachineSite.start(machines);
});

afterAll(() => site.stop());

interface Wanted {
  readonly scsi0: string;
  readonly more?: string;
}

/** The settings own both machines; `old` has a third disk. */
function declare(db: Wanted, old: Wanted = { scsi0: "1GiB" }): void {
  const block = (id: number, { scsi0, more = "" }: Wanted): string[] => [
    "kind: virtual-machine",
    `id: ${String(id)}`,
    `disks: { scsi0: { storage: local, size: ${scsi0}, format: qcow2 }, scsi1: { storage: data, size: 1GiB, format: qcow2 }${more} }`,
    "network: { bridge: vmbr0, address: dhcp }",
    "cloudInit: { storage: local }",
  ];
  const guests = { db: block(171, db), old: block(172, old) };
  site.declare("prod", { profile: "prod", node, ca: "site-ca.pem", guests });
}

/** Everything that was sent since and was no GET. */
function changes(since: number): unknown[] {
  const sent = site.requests().slice(since);
  return sent
    .filter(({ method }) => method !== "GET")
    .map(({ method, path, parameters }) => [method, path, parameters]);
}

const resize = (vmid: number, disk: string, size: string): unknown => [
  "PUT",
  `/nodes/${node}/qemu/${String(vmid)}/resize`,
  { disk, size },
];

test("a dry run shows what would grow, and that file systems are grown in the guest; it sends nothing but GETs [A11]", async () => {
  declare({ scsi0: "1GiB" });
  const before = site.requests().length;
  const { code, stdout } = await site.lifeboat(["grow", "db", "--dry-run"]);
  const text = stdout.replaceAll(/\s+/gu, " ");
  expect(text).toContain("grow disk scsi0 from 8MiB to 1GiB, while the guest runs");
  expect(text).toContain("grow disk scsi1 from 4MiB to 1GiB, while the guest runs");
  expect(text).toContain("its partitions and file systems stay as they are");
  expect([code, changes(before)]).toEqual([0, []]);
});

test("disks of a machine that runs grow with what is on them; what is left to do in the guest is said; then there is nothing to do [A11]", async () => {
  declare({ scsi0: "1GiB" });
  await site.writeDisk(171, "scsi0", "kept");
  const before = site.requests().length;
  const { code, stdout, stderr } = await site.lifeboat(["grow", "db", "--force", "--json"]);
  expect(code === 0 ? "" : stderr).toBe("");
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({
    grown: [
      { key: "scsi0", storage: "local", bytes: 2 ** 30 },
      { key: "scsi1", storage: "data", bytes: 2 ** 30 },
    ],
    added: [],
    next: 'eval "$(lifeboat env prod)" && pulumi up --refresh -s prod',
  });
  const inside =
    "the file system on it must be grown inside the guest, which cloud-init does at the next boot (growpart), or somebody by hand (growpart, then resize2fs or xfs_growfs)";
  expect(report.findings).toEqual(
    expect.arrayContaining([
      { severity: "todo", text: `the guest sees the 1GiB of disk scsi0 at once; ${inside}` },
      { severity: "todo", text: `the guest sees the 1GiB of disk scsi1 at once; ${inside}` },
      expect.objectContaining({
        text: expect.stringContaining("asks for the same sizes again, which changes nothing"),
      }),
    ]),
  );
  expect(changes(before)).toEqual([resize(171, "scsi0", "1G"), resize(171, "scsi1", "1G")]);
  const { scsi0, scsi1 } = await site.config(171);
  expect([scsi0, scsi1]).toEqual([expect.stringMatching(/,size=1G\b/u), expect.stringMatching(/,size=1G\b/u)]);
  expect([await site.readDisk(171, "scsi0"), await site.running(171)]).toEqual(["kept", true]);
  const again = await site.lifeboat(["grow", "db", "--force"]);
  expect(again.stdout).toContain("Every disk of prod/db is there and has the size that the settings say.");
  expect(again.code).toBe(0);
});

test("of a stopped machine, and on SATA, the guest sees the size at its next start; a new disk is left to pulumi up [A11]", async () => {
  const more = ", sata1: { storage: data, size: 1GiB, format: qcow2 }, scsi2: { storage: data, size: 1GiB }";
  declare({ scsi0: "1GiB" }, { scsi0: "1GiB", more });
  await site.start(172);
  const plan = await site.lifeboat(["grow", "old", "--dry-run"]);
  expect(plan.stdout).toContain("disk scsi2 is not there: pulumi up makes it, and keeps the others");
  const running = await site.lifeboat(["grow", "old", "--force"]);
  const said = running.stdout.replaceAll(/\s+/gu, " ");
  expect(said).toContain("disk scsi0 at once");
  expect(said).toContain("disk sata1 at its next start");
  expect((await site.config(172))["scsi2"]).toBeUndefined();
  await site.halt(172);
  declare({ scsi0: "1GiB" }, { scsi0: "2GiB", more });
  const stopped = await site.lifeboat(["grow", "old", "--force"]);
  expect([stopped.code, stopped.stdout.replaceAll(/\s+/gu, " ")]).toEqual([
    0,
    expect.stringContaining("the 2GiB of disk scsi0 at its next start"),
  ]);
});

test("a disk that is to be smaller is refused, and nothing is sent; so is a machine without the mark [A11, A14]", async () => {
  declare({ scsi0: "3GiB" });
  expect((await site.lifeboat(["grow", "db", "--force"])).code).toBe(0);
  declare({ scsi0: "2GiB" });
  const before = site.requests().length;
  const smaller = await site.lifeboat(["grow", "db", "--force"]);
  expect([smaller.code, smaller.stderr]).toEqual([13, expect.stringContaining("disk scsi0 has 3GiB, 2GiB is wanted")]);
  expect(changes(before)).toEqual([]);
  declare({ scsi0: "4GiB" });
  const { description = "" } = await site.config(171);
  await site.client.guests.setGuestConfig({ node, type: "qemu", vmid: 171 }, { description: "somebody else's" });
  const marked = site.requests().length;
  const strange = await site.lifeboat(["grow", "db", "--force"]);
  expect([strange.code, changes(marked)]).toEqual([13, []]);
  await site.client.guests.setGuestConfig({ node, type: "qemu", vmid: 171 }, { description });
});

test("killed when the node has grown the disk and nobody has written that down: not asked for again [A11, K4]", async () => {
  declare({ scsi0: "5GiB" });
  const before = site.requests().length;
  const killed = await site.lifeboat(["grow", "db", "--force"], {
    onWrite: ({ moment, text }, run) => {
      if (moment === "before" && /"grow-scsi0": \{\s+"state": "done"/u.test(text)) run.signal("SIGKILL");
    },
  });
  expect(killed.code).toBeNull();
  const left = await site.lifeboat(["abandon", "db", "--dry-run", "--json"]);
  expect(JSON.parse(left.stdout).plan.operations[0].leaves).toContainEqual(
    expect.objectContaining({ about: "disk scsi0", is: "has 5GiB; 5GiB were planned" }),
  );
  const again = await site.lifeboat(["grow", "db", "--force"]);
  expect(again.code === 0 ? "" : again.stderr).toBe("");
  expect(changes(before)).toEqual([resize(171, "scsi0", "5G")]);
  expect((await site.config(171))["scsi0"]).toMatch(/,size=5G\b/u);
});
