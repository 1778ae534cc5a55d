import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { linesRun } from "../support/docs/lines-run";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A guest that Lifeboat made leaves the settings: each line as it stands on the page, with the real `pulumi`. Its question is answered
// by a variable of its own: it asks the terminal for its size first, and takes what is typed meanwhile for the answer.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-retire-"));
const site = new DemoSite(join(parent, "site"), "memory", () => undefined);
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const [unprotect = "", jobFirst = "", letGo = ""] = Object.keys(linesRun["rehearsal/retire-lines"] ?? {});
let both = "";

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8114"), [0], "the sandbox");
  expectExit(await site.inside("pulumi", "stack", "init", "prod"), [0], "pulumi stack init");
  both = readFileSync(settings, "utf8");
}, firstUseLimit);

afterAll(async () => {
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

beforeEach(async () => {
  writeFileSync(settings, both);
  expectExit(await up(), [0], "lifeboat up");
});

const up = () => site.inside("lifeboat", "up", "prod", "--force");

/** The address that `lifeboat up` names when it refuses to delete a guest that is not in the settings any more. */
async function refusal(): Promise<string> {
  const document = parseDocument(both);
  document.deleteIn(["config", "lifeboat:guests", "db"]);
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
  const refused = await up();
  const [urn = ""] = /urn:pulumi:prod::\S+?::db-container(?![\w-])/u.exec(refused.stdout + refused.stderr) ?? [];
  expect({ code: refused.exitCode, said: refused.stderr }).toEqual({
    code: 13,
    said: expect.stringContaining(
      `HINT: put it back into the settings, or keep it in Proxmox as docs/guides/retire.md says; the next update deletes it after:\neval "$(lifeboat env prod)" && pulumi state unprotect '${urn}' -s prod`,
    ),
  });
  return urn;
}

const said = "export PULUMI_SKIP_CONFIRMATIONS=true";

async function type(line: string): Promise<void> {
  expectExit(await site.inside("bash", "-c", `eval "$(lifeboat env prod)" && ${said} && ${line}`), [0], line);
}

const there = async () => (await site.byHand("show", "prod", "102")).exitCode === 0;

test("without its protection it is deleted by the next update [A10, K1]", async () => {
  const urn = await refusal();
  expect(await there()).toBe(true);
  await type(unprotect.replace("URN", urn));
  expectExit(await up(), [0], "lifeboat up");
  expect(await there()).toBe(false);
});

test("let go of, it stays in Proxmox, and the next update is clean [A10, K1]", async () => {
  const urn = await refusal();
  await type(jobFirst);
  await type(letGo.replace("URN", urn));
  expectExit(await up(), [0], "lifeboat up");
  expect(await there()).toBe(true);
  const clean = await site.pulumi("prod", "preview", "--refresh", "--expect-no-changes");
  expectExit(clean, [0], "the next preview");
});
