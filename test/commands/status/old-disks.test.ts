import * as z from "zod";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { RestoreSite, node } from "../restore/restore-site";

/** A dead node comes back with the disks of a guest that lives on another one by now. */
const [second, third] = ["pve-two", "pve-three"];
let site: RestoreSite;

beforeEach(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web", node: second },
      { id: 102, name: "db" },
    ],
    {
      further: [second, third],
      adjust: (cluster): StartCluster => ({
        ...cluster,
        storage: cluster.storage.map((entry) => (entry["storage"] === "backup" ? { ...entry, shared: "1" } : entry)),
      }),
    },
  );
  await site.backUp(101, {}, second);
});

afterEach(() => site.stop());

const statusShape = z.looseObject({
  environments: z.array(
    z.looseObject({
      guests: z.array(z.looseObject({ name: z.string(), problems: z.array(z.string()) })),
      problems: z.array(z.string()),
    }),
  ),
});

/** Problems with old disks, by guest; `""`: of the environment. */
async function told(): Promise<Record<string, string[]>> {
  const { stdout } = await site.lifeboat(["status", "prod", "--json"]);
  const [environment] = statusShape.parse(JSON.parse(stdout)).environments;
  const all = [...(environment?.guests ?? []), { name: "", problems: environment?.problems ?? [] }];
  const old = all.map(({ name, problems }) => [name, problems.filter((text) => text.includes("old disks"))] as const);
  return Object.fromEntries(old.filter(([, problems]) => problems.length > 0));
}

/** The guest lives on the first node, and the dead one is back. */
async function comeBack(): Promise<void> {
  await site.fault("node-unreachable", { node: second });
  await site.control({ command: "move", node, from: `/etc/pve/nodes/${second}/lxc/101.conf`, to: "/root/" });
  const restore = ["restore", "guest", "web", "--node", node, "--storage", "local", "--force"];
  expect(await site.lifeboat(restore)).toMatchObject({ code: 0 });
  expect(await told()).toEqual({});
  await site.clearFaults();
}

const disks = ["local:101/vm-101-disk-0.raw", "data:101/vm-101-disk-0.raw"];

test("status and check name the old disks that a dead node has brought along; freed, they are told no more [H5, A10]", async () => {
  await comeBack();
  const text = `${second} has old disks of it (${disks.join(", ")}), and it is on ${node}`;
  expect(await told()).toEqual({ web: [expect.stringContaining(text)] });
  const check = await site.lifeboat(["check", "prod", "--json"]);
  expect(check.code).toBe(3);
  expect(check.stdout).toContain(text);
  const root = site.rootClient();
  for (const disk of disks) {
    const [storage = ""] = disk.split(":");
    await root.delete(["nodes", second, "storage", storage, "content", disk]);
  }
  await root.close();
  expect(await told()).toEqual({});
});

test("copies that replication keeps, and those of a migration at work, are no old disks [H5, A10]", async () => {
  await comeBack();
  await site.setLock(101, "migrate");
  expect(await told()).toEqual({});
  await site.setLock(101);
  expect(Object.keys(await told())).toEqual(["web"]);
  const root = site.rootClient();
  await root.post(["cluster", "replication"], { id: "101-0", type: "local", target: second });
  await root.close();
  expect(await told()).toEqual({});
});

test("a storage of the node that cannot be listed: there may be old disks, and that is told [H5, K3]", async () => {
  await comeBack();
  await site.fault("answer-596", { path: `^GET .*/nodes/${second}/storage/local/content` });
  expect(await told()).toEqual({
    "": [expect.stringContaining(`whether local of ${second} has old disks of guests cannot be seen: `)],
    web: [expect.stringContaining(`${second} has old disks of it (${disks[1] ?? ""})`)],
  });
});
