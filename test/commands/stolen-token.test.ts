import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";
import type { ProxmoxClient } from "../../proxmox/api/client";
import { linesRun } from "../support/docs/lines-run";
import { runSetup } from "../support/node-commands";
import { node, RestoreSite } from "./restore/restore-site";

/** What `docs/reference/security.md` has people type for an API token that was stolen. */
let site: RestoreSite;
let root: ProxmoxClient;
let former: string;

const setupShape = z.object({ setups: z.array(z.object({ commands: z.array(z.string()) })) });

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  await site.backUp(101);
  root = site.rootClient();
  const printed = await site.lifeboat(["doctor", "--print-setup", "--json"]);
  const [setup] = setupShape.parse(JSON.parse(printed.stdout)).setups;
  const made = await runSetup(root, setup?.commands ?? []);
  former = valueOf(made, "lifeboat@pve!cli");
});

afterAll(async () => {
  await root.close();
  await site.stop();
});

function valueOf(made: ReadonlyMap<string, string>, name: string): string {
  return `${name}=${made.get(name) ?? ""}`;
}

/** Lines of root's shell below a heading of the page. */
function linesOf(heading: string): string[] {
  const page = readFileSync(resolve(__dirname, "../../docs/reference/security.md"), "utf8");
  const [, section = ""] = page.split(`### ${heading}\n`);
  const [, block = ""] = /```sh\n([^`]*)```/u.exec(section) ?? [];
  return block.split("\n").filter((line) => line.startsWith("pveum "));
}

async function doctor(token: string) {
  const { code, stdout, stderr } = await site.lifeboat(["doctor", "prod"], { env: { LIFEBOAT_PROXMOX_TOKEN: token } });
  return [code, stdout + stderr];
}

test("a second token works beside a stolen one, which opens nothing any more once it is removed [N5, K1]", async () => {
  const [add = "", remove = "", ...others] = linesOf("An API token");
  expect(others).toEqual([]);
  // `docs/guides/rotate.md` has the same.
  expect([add, remove]).toEqual(Object.keys(linesRun["commands/stolen-token"] ?? {}));
  const next = valueOf(await runSetup(root, [add]), "lifeboat@pve!cli-2");
  expect(await doctor(next)).toEqual([0, expect.not.stringContaining("✗")]);
  expect(await doctor(former)).toEqual([0, expect.not.stringContaining("✗")]);
  await runSetup(root, [remove]);
  expect(await doctor(former)).toEqual([14, expect.stringContaining("did not accept the credential")]);
  expect(await doctor(next)).toEqual([0, expect.not.stringContaining("✗")]);
});

test("what a stolen token does is in the task log of the node, under its name [N5]", async () => {
  const before = new Set((await site.client.tasks.list(node, { limit: 100 })).map(({ upid }) => upid));
  const next = valueOf(
    await runSetup(root, ["pveum user token add lifeboat@pve thief --privsep 0"]),
    "lifeboat@pve!thief",
  );
  const { code } = await site.lifeboat(["backup", "web"], {
    env: { LIFEBOAT_PROXMOX_TOKEN: next },
  });
  expect(code).toBe(0);
  const made = (await site.client.tasks.list(node, { limit: 100 })).filter(({ upid }) => !before.has(upid));
  expect(made.map(({ upid }) => upid)).toContainEqual(expect.stringMatching(/:vzdump:101:lifeboat@pve!thief:$/u));
});
