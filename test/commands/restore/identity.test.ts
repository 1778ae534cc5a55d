import { RestoreSite, node } from "./restore-site";
import type { RunResult } from "../support/run-bundle";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
    { id: 103, name: "mail" },
    { id: 104, name: "files" },
    { id: 105, name: "shop.example.org", unmarked: true, adoptedAs: "shop" },
  ]);
});

afterAll(() => site.stop());

const inPlace = (guest: string, ...more: string[]) => ["restore", "guest", guest, "--force", "--stop", ...more];

function set(vmid: number, parameters: Record<string, string>): Promise<void> {
  return site.client.guests.setGuestConfig({ node, type: "lxc", vmid }, parameters);
}

const marked = (mark: string): string => `lifeboat: ${mark}`;

/** Runs a command that must be refused, and proves that it asked for no change. */
async function refused(argv: readonly string[]): Promise<[number | null, string]> {
  const requests = site.requests().length;
  const result: RunResult = await site.lifeboat(argv);
  expect(
    site
      .requests()
      .slice(requests)
      .filter(({ method }) => method !== "GET"),
  ).toEqual([]);
  return [result.code, result.stderr.slice(Math.max(0, result.stderr.indexOf("Unable to")))];
}

test("an archive of another environment with the same id and name is refused and named, and the guest's own newest is told [D15]", async () => {
  const own = await site.backUp(101);
  await set(101, { description: marked("lab/web") });
  const foreign = await site.backUp(101);
  await set(101, { description: marked("prod/web") });
  expect(await refused(inPlace("web"))).toEqual([
    13,
    expect.stringContaining(`${foreign} is not of prod/web: it is of lab/web, whose number was 101 as well`),
  ]);
  expect((await refused(inPlace("web", "--archive", foreign)))[0]).toBe(13);
  expect((await refused([...inPlace("web", "--archive", foreign), "--target-id", "901"]))[0]).toBe(13);
  const [, hint] = await refused(inPlace("web"));
  const [command] = /lifeboat (restore guest prod\/web --archive \S+);/u.exec(hint)?.slice(1) ?? [];
  expect(command).toBe(`restore guest prod/web --archive ${own}`);
  expect((await site.lifeboat([...(command ?? "").split(" "), "--force", "--stop"])).code).toBe(0);
});

test("a guest made by hand under the id, or another's, is not overwritten: it is named, and what the hint says works [D15]", async () => {
  await site.backUp(102);
  await set(102, { description: "made on a bad day" });
  const [code, text] = await refused(inPlace("db"));
  expect([code, text]).toEqual([
    13,
    expect.stringMatching(
      /guest 102 on pve-prod is named 'db' and does not bear Lifeboat's mark[\s\S]*--target-id 100; or give it another number; or, if it is db, .*pct set 102 --description 'lifeboat: prod\/db'/u,
    ),
  ]);
  await set(102, { description: marked("lab/db") });
  expect(await refused(inPlace("db"))).toEqual([
    13,
    expect.stringMatching(
      /guest 102 on pve-prod is lab\/db, not prod\/db[\s\S]*; or give it another number; or, if it is db, .*pct set 102/u,
    ),
  ]);
  const taken = await site.lifeboat(["restore", "guest", "db", "--target-id", "103", "--force"]);
  expect([taken.code, taken.stderr]).toEqual([
    13,
    expect.stringContaining("the id 103 is taken by another guest: prod/mail has it in the settings"),
  ]);
  expect(taken.stderr).not.toContain("no guest has");
  await set(102, { description: /--description '(.*)'/u.exec(text)?.[1] ?? "" });
  expect((await site.lifeboat(inPlace("db"))).code).toBe(0);
});

test("after a rename old archives are the guest's still: the plan says under which name it comes back [D15]", async () => {
  await set(103, { hostname: "post" });
  const archive = await site.backUp(103);
  await set(103, { hostname: "mail" });
  const dry = await site.lifeboat(["restore", "guest", "mail", "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan.warnings).toContain(
    `${archive} is of mail when it was 'post': it comes back with that name`,
  );
  expect((await site.lifeboat(inPlace("mail"))).code).toBe(0);
});

test("an archive without a mark is restored only when it is named, and another name only beside the guest [D15, D2]", async () => {
  await set(104, { description: "from before Lifeboat" });
  const unmarked = await site.backUp(104);
  await set(104, { description: marked("prod/files") });
  expect(await refused(inPlace("files"))).toEqual([
    13,
    expect.stringMatching(
      /whether .* is of prod\/files is not sure: it does not bear Lifeboat's mark[\s\S]*name it: /u,
    ),
  ]);
  const named = await site.lifeboat([...inPlace("files", "--archive", unmarked), "--dry-run"]);
  expect([named.code, named.stdout]).toEqual([0, expect.stringContaining("was named, and may be another guest's")]);
  const other = { hostname: "other", net0: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:99:99:99,type=veth" };
  await set(104, { ...other, description: "" });
  const another = await site.backUp(104);
  await set(104, { hostname: "files", description: marked("prod/files") });
  await set(104, { net0: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:04,type=veth" });
  expect(await refused(inPlace("files", "--archive", another))).toEqual([
    13,
    expect.stringMatching(/holds a guest named 'other'[\s\S]*--archive \S+ --target-id 100/u),
  ]);
  const beside = await site.lifeboat([...inPlace("files", "--archive", another), "--target-id", "904", "--dry-run"]);
  expect([beside.code, beside.stdout]).toEqual([0, expect.stringContaining("holds a guest named 'other'")]);
});

test("an adopted guest whose host name is longer than its key comes back after it was lost, by its newest archive [D15, D2]", async () => {
  const newest = await site.backUp(105);
  await site.destroy(105);
  const { stdout } = await site.lifeboat(["status", "--json"]);
  const found = JSON.parse(stdout).environments[0].guests.find(({ id }: { id: number }) => id === 105);
  expect(found).toMatchObject({ newest: { archive: newest }, problems: ["guest 105 is not on pve-prod"] });
  const { code, stdout: report } = await site.lifeboat(inPlace("shop"));
  expect([code, report]).toEqual([
    0,
    expect.stringContaining(`Restored prod/shop (105) on pve-prod, proven, from ${newest}`),
  ]);
});
