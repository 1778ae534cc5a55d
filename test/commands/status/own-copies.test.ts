import { formatDrillNotes, longestDrill } from "../../../site/drill/mark";
import { requireSuccess } from "../support/kit";
import { node, RestoreSite } from "../restore/restore-site";

/** A guest, and copies of it that Lifeboat has made; the settings have no drill, as those of another environment on the node. */
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  await site.backUp(101);
});

afterAll(() => site.stop());

interface NotCovered {
  readonly id: number;
  readonly copy: { readonly text: string; readonly remove: string } | null;
}

async function notCovered(): Promise<readonly NotCovered[]> {
  return JSON.parse((await site.lifeboat(["status", "--json"])).stdout).environments[0].notCovered;
}

/** A guest with these notes, and the tag that a drill gives. */
async function drilled(vmid: number, time: number): Promise<void> {
  const root = site.rootClient();
  const parameters = {
    vmid,
    ostemplate: "local:vztmpl/debian-12-standard_amd64.tar.zst",
    rootfs: "local:1",
    tags: "lifeboat-drill",
    description: formatDrillNotes("Copy.", { operation: "99-elsewhere", time, by: "anna@desk" }),
  };
  requireSuccess(await root.tasks.wait(String(await root.post(["nodes", node, "lxc"], parameters))));
  await root.close();
}

test("a copy that a restore has made beside a guest is called that, with what removes it, and nobody is told to adopt it [A3, A14]", async () => {
  const made = await site.lifeboat([
    "restore",
    "guest",
    "web",
    "--target-id",
    "950",
    "--force",
    "--check-timeout",
    "0",
  ]);
  expect(made.stderr).not.toContain("Unable");
  expect(await notCovered()).toEqual([
    expect.objectContaining({
      id: 950,
      copy: {
        text: "is a copy of web (101), which a restore has made, and is in no backup job",
        remove: "on pve-prod: pct stop 950; pct destroy 950",
      },
    }),
  ]);
  // Adopted, it would be backed up for ever; whoever wants to keep it names it.
  const unnamed = await site.lifeboat(["adopt", "--json"]);
  expect(JSON.parse(unnamed.stdout).guests).toEqual([]);
  expect((await site.lifeboat(["adopt", "--all", "--force"])).stdout).not.toContain("950");
  const page = (await site.lifeboat(["status"])).stdout.replaceAll(/\s+/gu, " ");
  expect(page).toContain("is a copy of web (101), which a restore has made");
  expect(page).not.toContain("lifeboat adopt 950");
});

test("one whose notes somebody has changed is that person's, whatever its tags say [A14]", async () => {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 950 }, { description: "our new web server" });
  expect(await notCovered()).toEqual([expect.objectContaining({ id: 950, copy: null })]);
  expect((await site.lifeboat(["status"])).stdout.replaceAll(/\s+/gu, " ")).toContain("lifeboat adopt 950");
  await site.destroy(950);
});

test("the copy of a drill of another environment: while it may be at work nobody's trouble, then left [G2, A14]", async () => {
  const { time } = await site.client.cluster.nodeTime(node);
  await drilled(9000, time - 60);
  expect(await notCovered()).toEqual([]);
  await drilled(9001, time - longestDrill - 60);
  expect(await notCovered()).toEqual([
    expect.objectContaining({
      id: 9001,
      copy: {
        text: "is a copy that a drill of anna@desk has left",
        remove: "on pve-prod: pct stop 9001; pct destroy 9001",
      },
    }),
  ]);
});
