import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStore, UpSite } from "../up/up-site";

/** `lifeboat state rotate` on a store whose administration answers. The rehearsal has the real server. */
let folder: string;
let site: UpSite;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-rotate-"));
  site = UpSite.create(await startStore(folder), "rotate");
  await site.makeContainer();
});

afterAll(async () => {
  await site.store.close();
  await site.stop();
  rmSync(folder, { recursive: true, force: true });
});

const here = { env: { LIFEBOAT_STATE_KEYS_FILE: undefined } };
const rotate = (...words: string[]) => site.lifeboat(["state", "rotate", ...words], here);
const users = () => [...site.store.identities.users.keys()].sort();
const renewed = (role: string, former: string, made: readonly string[] = []) => ({
  role,
  former,
  next: expect.stringMatching(new RegExp(`^${former}@\\d{8}T\\d{6}$`, "u")),
  made,
});
const reader = (name: string) => renewed("reader", `lifeboat-${name}-reader`);

test("the plan names each key that goes and what it has made, and changes nothing [N6]", async () => {
  site.store.identities.accounts.set("stolen", "lifeboat-prod");
  const before = [users(), site.read("Pulumi.monitoring.yaml"), site.read("Pulumi.prod.yaml")];
  const { code, stdout, stderr } = await rotate("prod", "--dry-run", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("Look at prod") });
  expect(JSON.parse(stdout)).toMatchObject({
    message_type: "result",
    plan: {
      environment: "prod",
      owner: "monitoring",
      endpoint: site.store.endpoint,
      keys: [renewed("environment", "lifeboat-prod", ["stolen"]), reader("prod")],
    },
  });
  expect([users(), site.read("Pulumi.monitoring.yaml"), site.read("Pulumi.prod.yaml")]).toEqual(before);
});

test("a state that is not in the store is brought there by a command that does so [N6, K1]", async () => {
  const env = { ...here.env, PULUMI_BACKEND_URL: "file:///nowhere" };
  expect(await site.lifeboat(["state", "rotate", "prod", "--dry-run"], { env })).toMatchObject({
    code: 13,
    stderr: expect.stringContaining("HINT: unset PULUMI_BACKEND_URL"),
  });
});

test("the former keys go with what they have made, and those of nobody else [N6]", async () => {
  const others = users().filter((name) => !name.startsWith("lifeboat-prod"));
  const { code, stdout, stderr } = await rotate("prod", "--force", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  const { keys } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(keys).toEqual([renewed("environment", "lifeboat-prod", ["stolen"]), reader("prod")]);
  expect(users()).toEqual([...others, ...keys.map(({ next }: { next: string }) => next)].sort());
  expect([...site.store.identities.accounts]).toEqual([]);
  expect((await site.lifeboat(["verify", "--state", "prod"], here)).stderr).not.toContain("refuses");
});

test("of the environment that makes the store the copier's key goes as well [N6]", async () => {
  const { code, stdout } = await rotate("monitoring", "--dry-run", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout).plan.keys).toEqual([
    renewed("environment", "lifeboat-monitoring"),
    reader("monitoring"),
    renewed("copier", "lifeboat@copier"),
  ]);
});
