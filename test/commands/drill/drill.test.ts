import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { whoRunsThis } from "../../../scripts/machine/who";
import { formatDrillNotes, longestDrill } from "../../../site/drill/mark";
import { requireSuccess } from "../support/kit";
import { node, RestoreSite } from "../restore/restore-site";
import { changeNetwork, drillSettings } from "./drill-parts";
import { closePort, nodeStandIn } from "./node-stand-in";

const card = (number: number): string =>
  `net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:0A:0${String(number)},ip=192.0.2.${String(100 + number)}/24,gw=192.0.2.1,firewall=1,tag=5`;

let site: RestoreSite;
let overSsh: Record<string, string>;

beforeAll(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web", lines: [card(1), "onboot: 1"], checks: "[running]\n      objectives: { rto: 10m }" },
      { id: 102, name: "db", lines: [card(2)], checks: '[running, "tcp:5432"]' },
      { id: 103, name: "app", lines: [card(3), "mp5: /mnt/shared,mp=/shared"], checks: "[running]\n      needs: [db]" },
      { id: 104, name: "never", lines: [card(4)] },
    ],
    { settings: drillSettings },
  );
  for (const id of [101, 102, 103]) await site.backUp(id);
  await changeNetwork(site, "POST", { iface: "vmbr9", type: "bridge", autostart: true });
  overSsh = nodeStandIn(site);
});

afterAll(() => site.stop());

const copies = async (): Promise<number[]> =>
  (await site.client.cluster.guests()).map(({ vmid }) => vmid).filter((vmid) => vmid >= 9000);

const changes = (since: number) =>
  site
    .requests()
    .slice(since)
    .filter(({ method }) => method !== "GET");

const originals = async () => ({
  web: await site.picture(101),
  db: await site.picture(102),
  app: await site.picture(103),
});

/** Without notes, which a drill writes. */
const untouched = (picture: object): unknown =>
  JSON.parse(JSON.stringify(picture, (key, value: unknown) => (key === "notes" ? undefined : value)));

test("a drill restores copies with every card on its bridge in the request itself, checks them, and destroys them [G2]", async () => {
  const before = untouched(await originals());
  const since = site.requests().length;
  const run = await site.lifeboat(["drill", "web", "app", "--force", "--json"], { env: overSsh });
  expect([run.code, run.stderr.includes("Unable")]).toEqual([0, false]);
  expect(JSON.parse(run.stdout).guests).toEqual([
    expect.objectContaining({ guest: "prod/web", result: "proven", reasons: [], seconds: expect.any(Number) }),
    expect.objectContaining({ guest: "prod/db", result: "proven" }),
    expect.objectContaining({ guest: "prod/app", result: "proven" }),
  ]);
  const sent = changes(since);
  const restores = sent.filter(({ method, path }) => method === "POST" && path === `/nodes/${node}/lxc`);
  expect(restores.map(({ parameters }) => parameters["vmid"])).toEqual([9000, 9001, 9002].map(String));
  for (const { parameters } of restores) {
    expect(parameters["net0"]).toMatch(/bridge=vmbr9/u);
    expect(parameters["net0"]).not.toMatch(/vmbr0|BC:24:11|tag=|firewall=|link_down/u);
    expect(parameters["description"]).toMatch(/\nlifeboat drill \S+ \d+ \S+$/u);
    expect([parameters["onboot"], parameters["mp5"]]).toEqual(["0", undefined]);
  }
  // A copy keeps its name and its address, so that what needs it finds it.
  expect(restores[1]?.parameters["hostname"]).toBe("db");
  expect(restores[1]?.parameters["net0"]).toContain("ip=192.0.2.102/24");
  expect(sent.filter(({ path }) => path.endsWith("/config"))).toEqual([]);
  const deleted = sent.filter(({ method }) => method === "DELETE");
  expect(deleted.map(({ path, parameters }) => [path, parameters])).toEqual(
    [9000, 9002, 9001].map((id) => [`/nodes/${node}/lxc/${String(id)}`, {}]),
  );
  const touched = sent.filter(({ path }) => /\/lxc\/10\d/u.test(path));
  expect([touched, await copies(), untouched(await originals())]).toEqual([[], [], before]);
  const asked = readFileSync(join(site.folder, "node-shell/asked"), "utf8");
  expect(asked).toMatch(/ip link set "\$card" master vmbr9 up/u);
  expect(asked).toMatch(/inside ip address add 192\.0\.2\.1\/24 dev probe/u);
  expect(asked).toContain("/dev/tcp/192.0.2.102/5432");
  const [newest] = await site.archives(101);
  const { notes } = await site.client.backups.archiveDetails(node, newest?.volid ?? "");
  expect(notes).toMatch(/^(?:web \(101\) on pve-prod\n)?lifeboat proven \S+Z \d+ s of backup\/vzdump-lxc-101-\S+$/u);
});

test("a dry run sends nothing but GET and shows which copies would be made [G2, K1]", async () => {
  const since = site.requests().length;
  const run = await site.lifeboat(["drill", "app", "--dry-run", "--json"]);
  const { plan } = JSON.parse(run.stdout);
  expect([run.code, changes(since)]).toEqual([0, []]);
  expect(plan.groups).toEqual([
    [
      expect.objectContaining({ guest: "prod/db", copy: 9000, checks: ["running", "tcp:5432"], unfit: null }),
      expect.objectContaining({
        guest: "prod/app",
        copy: 9001,
        macs: [expect.stringMatching(/^[0-9A-F]2|^[0-9A-F][6AE]/u)],
      }),
    ],
  ]);
  const asked = await site.lifeboat(["drill", "web"]);
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("HINT: add --force")]);
});

interface ShownGuest {
  readonly name: string;
  readonly drill: { readonly result: string; readonly ageSeconds: number | null } | null;
  readonly problems: readonly string[];
}

/** What `status` says of drills: guest by guest, and of the environment. */
async function statusOf(env: Record<string, string> = {}) {
  const run = await site.lifeboat(["status", "--json"], { env });
  const [{ guests, problems, notCovered }] = JSON.parse(run.stdout).environments;
  const named = new Map((guests as ShownGuest[]).map((guest) => [guest.name, guest]));
  const result = (name: string): string | undefined => named.get(name)?.drill?.result;
  return {
    result,
    problems: problems as string[],
    notCovered,
    problemsOf: (name: string) => named.get(name)?.problems,
  };
}

test("status shows on any machine how long ago each guest was proven, in a terminal of 80 columns too [G2, A3]", async () => {
  const other = site.otherMachine();
  const { result, problemsOf } = await statusOf(other);
  expect(["web", "db", "app", "never"].map(result)).toEqual(["proven", "proven", "proven", "never"]);
  expect(problemsOf("web")).not.toContainEqual(expect.stringContaining("drill"));
  // A younger archive that no drill has tried hides no proof.
  const [tried] = await site.archives(101);
  const younger = await site.backUp(101);
  expect((await statusOf(other)).result("web")).toBe("proven");
  // Notes that were copied to it say nothing of it.
  const { notes } = await site.client.backups.archiveDetails(node, tried?.volid ?? "");
  await site.client.backups.setArchiveNotes(node, younger, notes);
  await site.client.backups.setArchiveNotes(node, tried?.volid ?? "", "");
  expect((await statusOf(other)).result("web")).toBe("never");
  await site.client.backups.setArchiveNotes(node, tried?.volid ?? "", notes);
  const { stdout } = await site.inTerminal(["status"], 80, { ...other, NO_COLOR: "1" });
  expect(stdout).toMatch(/PROVEN/u);
  expect(stdout).toMatch(/^ {2}. web +101 .*\d (?:min|h)\b/mu);
});

test("without SSH to the node only what Proxmox says is proven, and the rest counts as not proven [G2, K6]", async () => {
  const run = await site.lifeboat(["drill", "db", "--force", "--check-timeout", "0"]);
  expect([run.code, run.stdout.replaceAll(/\s+/gu, " ")]).toEqual([
    3,
    expect.stringContaining("the settings have no SSH to it (lifeboat:proxmox.ssh)"),
  ]);
  const { result, problemsOf } = await statusOf(site.otherMachine());
  expect(result("db")).toBe("failed");
  expect(problemsOf("db")).toContainEqual(
    expect.stringMatching(/^the last drill \(.*\) has not proven its backup: lifeboat drill prod\/db$/u),
  );
  expect(await copies()).toEqual([]);
});

test.each([
  [{ bridge_ports: "eno1" }, 13, "is not one for drills: it has the port eno1"],
  [{ cidr: "198.51.100.1/24" }, 13, "is not one for drills: the node has the address 198.51.100.1/24 on it"],
])("a bridge with %j is refused before anything is made [G2]", async (options, code, message) => {
  await changeNetwork(site, "PUT", { iface: "vmbr9", type: "bridge", ...options });
  const since = site.requests().length;
  const run = await site.lifeboat(["drill", "web", "--force"]);
  expect([run.code, run.stderr, changes(since)]).toEqual([code, expect.stringContaining(message), []]);
  await changeNetwork(site, "PUT", { iface: "vmbr9", type: "bridge" });
});

test("a network whose changes wait, and a guest on the bridge, are refused: where it leads is not known [G2, K6]", async () => {
  await changeNetwork(site, "PUT", { iface: "vmbr9", type: "bridge", comments: "later" }, false);
  const waiting = await site.lifeboat(["drill", "web", "--force"]);
  expect([waiting.code, waiting.stderr]).toEqual([13, expect.stringContaining("wait to be applied")]);
  await changeNetwork(site, "PUT", { iface: "vmbr9", type: "bridge" });
  const root = site.rootClient();
  const guest = { node, type: "lxc", vmid: 104 } as const;
  await root.guests.setGuestConfig(guest, { net1: "name=eth1,bridge=vmbr9" });
  const joined = await site.lifeboat(["drill", "web", "--force"]);
  expect([joined.code, joined.stderr]).toEqual([13, expect.stringContaining("guest 104 is on it")]);
  await root.guests.setGuestConfig(guest, { delete: "net1" });
  await root.close();
});

/** A guest in the range with these notes. */
async function inRange(description: string): Promise<void> {
  const parameters = {
    vmid: 9000,
    ostemplate: "local:vztmpl/debian-12-standard_amd64.tar.zst",
    rootfs: "local:1",
    description,
  };
  const root = site.rootClient();
  requireSuccess(await root.tasks.wait(String(await root.post(["nodes", node, "lxc"], parameters))));
  await root.close();
}

test("a guest of the range without a drill's mark is nobody's to delete, and stops a drill [G2]", async () => {
  await inRange("somebody's own");
  const run = await site.lifeboat(["drill", "web", "--force"]);
  expect([run.code, run.stderr]).toEqual([
    13,
    expect.stringContaining("guest 9000 on pve-prod has a number of the drills' range"),
  ]);
  expect(await copies()).toEqual([9000]);
  await site.destroy(9000);
});

test("a copy of another machine's drill is waited for, and destroyed when that drill is over for certain [G2, K4]", async () => {
  const now = (await site.client.cluster.nodeTime(node)).time;
  await inRange(formatDrillNotes("Copy.", { operation: "99-elsewhere", time: now - 600, by: "anna@desk" }));
  const alive = await site.lifeboat(["drill", "web", "--force"]);
  expect([alive.code, alive.stderr]).toEqual([
    11,
    expect.stringMatching(/a drill of anna@desk, begun .* may still be at work/u),
  ]);
  // It is no guest that somebody forgot to back up, and as long as it may be of use nobody's trouble.
  const { problems, notCovered } = await statusOf();
  expect([problems, notCovered]).toEqual([[expect.stringContaining("no backup job")], []]);
  await site.destroy(9000);
  // Who it is says nothing: another folder of journals may be in use.
  await inRange(formatDrillNotes("Copy.", { operation: "99-elsewhere", time: now, by: whoRunsThis() }));
  expect((await site.lifeboat(["drill", "web", "--force"])).code).toBe(11);
  await site.destroy(9000);
  await inRange(formatDrillNotes("Copy.", { operation: "99-elsewhere", time: now + 7200, by: "anna@desk" }));
  expect((await site.lifeboat(["drill", "web", "--force"])).code).toBe(11);
  await site.destroy(9000);
  await inRange(
    formatDrillNotes("Copy.", { operation: "99-elsewhere", time: now - longestDrill - 60, by: "anna@desk" }),
  );
  expect((await statusOf()).problems).toContain(
    "guest 9000 on pve-prod is a copy that a drill of anna@desk has left: the next lifeboat drill --env prod deals with it",
  );
  const run = await site.lifeboat(["drill", "web", "--force"]);
  expect([run.code, run.stderr]).toEqual([0, expect.stringContaining("which a drill of anna@desk has left")]);
  expect(await copies()).toEqual([]);
});

test("what a drill of this machine has left that was killed is destroyed at once by the next one [G2, K4]", async () => {
  const folder = site.stateFolder("prod");
  const journal = readdirSync(folder).find((name) => /^99-.*\.json$/u.test(name)) ?? "";
  const { id } = JSON.parse(readFileSync(join(folder, journal), "utf8"));
  const { time } = await site.client.cluster.nodeTime(node);
  await inRange(formatDrillNotes("Copy.", { operation: id, time, by: whoRunsThis() }));
  const run = await site.lifeboat(["drill", "web", "--force"]);
  expect([run.code, run.stderr]).toEqual([0, expect.stringContaining("Destroy what an earlier drill has left (9000)")]);
  expect(await copies()).toEqual([]);
});

test("a drill that was killed is no node's and is not given up: status says that the next one ends it, and it does [G2, K4]", async () => {
  const killed = await site.lifeboat(["drill", "web", "--force"], { killAt: "after 6" });
  expect([killed.code, await copies()]).toEqual([null, [9000]]);
  const status = await site.lifeboat(["status", "--json"]);
  const [{ unfinished }] = JSON.parse(status.stdout).environments;
  expect([status.code, unfinished]).toEqual([
    3,
    [
      expect.objectContaining({
        text: "a drill of prod",
        hint: "the next one ends it and destroys what it left: lifeboat drill web --env prod --force",
      }),
    ],
  ]);
  const abandoned = await site.lifeboat(["abandon", "prod", "--force"]);
  expect([abandoned.code, abandoned.stderr]).toEqual([
    10,
    expect.stringContaining("lifeboat drill web --env prod --force"),
  ]);
  expect((await site.lifeboat(["drill", "db", "--force", "--check-timeout", "0"], { env: overSsh })).code).toBe(0);
  const { stdout } = await site.lifeboat(["status", "--json"]);
  expect([JSON.parse(stdout).environments[0].unfinished, await copies()]).toEqual([[], []]);
});

test("the timer's units hold the drill that the line asks for, at the time of the settings, and no longer than others wait [G2]", async () => {
  const argv = ["drill", "web", "--for", "2h", "--print-timer"];
  const { code, stdout } = await site.lifeboat(argv);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ExecStart=.* drill web --env prod --for 2h --force$/mu);
  expect(stdout).toMatch(/^OnCalendar=sun 04:00$/mu);
  expect(stdout).toContain(`TimeoutStartSec=${String(longestDrill)}s`);
  expect(stdout).toContain("systemctl --user enable --now lifeboat-drill-prod.timer");
  const { name, timer } = JSON.parse((await site.lifeboat([...argv, "--json"])).stdout);
  expect([name, timer]).toEqual(["lifeboat-drill-prod", expect.stringContaining("Persistent=true")]);
});

test("settings without a drill, a time that is none, and guests of no environment are told with what to write [G2]", async () => {
  const run = await site.lifeboat(["drill", "web", "--for", "soon"]);
  expect([run.code, run.stderr]).toEqual([2, expect.stringContaining("'soon' is no duration")]);
  site.declare("lab", { profile: "lab", node, ca: "site-ca.pem", guests: { other: ["adopt: 150"] } });
  const lab = await site.lifeboat(["drill", "--env", "lab"]);
  expect([lab.code, lab.stderr]).toEqual([2, expect.stringContaining("lifeboat:drill: { bridge: vmbr9")]);
  const text = site.read("Pulumi.lab.yaml");
  site.write(
    "Pulumi.lab.yaml",
    `${text.trimEnd()}\n  lifeboat:drill: { bridge: vmbr9, ids: { from: 9100, to: 9109 } }\n`,
  );
  const both = await site.lifeboat(["drill", "--dry-run"]);
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("name one: --env lab")]);
  site.write("Pulumi.lab.yaml", text);
});

test("with a time limit the longest unproven guest is first, and none is begun after it [G2]", async () => {
  // A machine that has held no drill reads in the notes when others have.
  const planned = await site.lifeboat(["drill", "--dry-run", "--for", "2h", "--json"], { env: site.otherMachine() });
  const order = JSON.parse(planned.stdout).plan.groups.map((group: { guest: string }[]) =>
    group.map(({ guest }) => guest),
  );
  expect(order).toEqual([["prod/never"], ["prod/db", "prod/app"], ["prod/web"]]);
  const run = await site.lifeboat(["drill", "--force", "--for", "0s", "--json"], { env: overSsh });
  const { guests } = JSON.parse(run.stdout);
  expect(guests.filter(({ result }: { result: string }) => result === "proven")).toEqual([]);
  expect(guests.map(({ result }: { result: string }) => result)).toContain("not reached");
  expect(await copies()).toEqual([]);
});

test("what needs a guest that is not proven is not proven either, others go on, and each is named with its reason [G2]", async () => {
  closePort(site, "5432");
  const [damaged] = await site.archives(101);
  await site.fault("archive-truncated", { volid: damaged?.volid ?? "" });
  const run = await site.lifeboat(["drill", "--force", "--check-timeout", "0", "--json"], { env: overSsh });
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(/^✗ Check that .*5432/mu);
  // Nobody has tried to start what needs it.
  expect(run.stderr).toMatch(/^! Start the copy of app /mu);
  const reasons = new Map(
    (JSON.parse(run.stdout).guests as { guest: string; reasons: string[] }[]).map((one) => [one.guest, one.reasons]),
  );
  expect(reasons.get("prod/web")?.[0]).toMatch(/cannot be (?:restored|read)/u);
  expect(reasons.get("prod/db")).toEqual(["check 'tcp:5432' failed (port 5432 of 192.0.2.102: no connection)"]);
  expect(reasons.get("prod/app")).toEqual(["it needs db, which is not proven"]);
  expect(reasons.get("prod/never")?.[0]).toMatch(/no (?:backup|archive)/u);
  expect(await copies()).toEqual([]);
});
