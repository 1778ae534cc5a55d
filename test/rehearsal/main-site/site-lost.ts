import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { timed } from "../../support/timed";
import { expectExit } from "../support/demo-site";
import { firstUseLimit } from "../support/toolchain";
import type { MainSite } from "./main-site";

const environments = ["prod", "lab", "monitoring"] as const;
const written = { address: "192.0.2.101", file: "/srv/site-lost.txt", text: "written before the site was lost" };

const recovered = z.object({
  proven: z.boolean(),
  totalSeconds: z.number(),
  findings: z.array(z.object({ severity: z.string(), text: z.string() })),
  environments: z.array(
    z.object({
      environment: z.string(),
      up: z.string(),
      guests: z.array(z.object({ guest: z.string(), result: z.string() })),
    }),
  ),
});

const pointsSchema = z.object({ points: z.array(z.object({ id: z.string() })) });

/**
 * Every node is installed anew: no guest, no job, no storage for backups, no rights. Left are what lies on those storages, and on the
 * operator's machine the settings and the copies of the states: real containers, with the state store among them.
 */
export function siteLost(main: MainSite): void {
  const { site } = main;
  const lifeboat = (...words: string[]) => site.inside("lifeboat", ...words);

  beforeAll(async () => {
    await main.deploy();
  }, firstUseLimit);

  async function pointsOf(environment: string): Promise<string[]> {
    const { stdout } = expectExit(await lifeboat("restore", "state", environment, "--list", "--json"), [0], "--list");
    return pointsSchema.parse(JSON.parse(stdout)).points.map(({ id }) => id);
  }

  /** What somebody does who has installed a node anew: the lines that doctor prints, as root on the node. */
  async function setUp(environment: string): Promise<void> {
    const printed = expectExit(await lifeboat("doctor", environment, "--print-setup", "--json"), [0], "the lines");
    const file = join(main.parent, `set-up-${environment}.json`);
    writeFileSync(file, printed.stdout);
    const root = `LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE=${join(site.folder, "keys", "root-password")}`;
    const byHand = ["node", join(__dirname, "../../../scripts/run.cjs"), join(__dirname, "../support/by-hand.ts")];
    expectExit(await site.inside("env", root, ...byHand, "set-up", environment, file), [0], "the lines as root");
  }

  test("one command brings all of it back, cut off once on the way: data, states with every restore point, jobs; clean previews [H1, H4, H5, K4, 003 AC3, 004 US6.1]", async () => {
    expectExit(await site.ssh(written.address, `echo '${written.text}' > ${written.file} && sync`), [0], "writing");
    for (const name of environments) {
      expectExit(await lifeboat("backup", "--all", "--env", name), [0], `backups of ${name}`);
    }
    expectExit(await lifeboat("backup", "state"), [0], "the copies of the states");
    const before = await pointsOf("prod");

    for (const name of environments) expectExit(await site.byHand("bare", name), [0], `losing ${name}`);
    // Guests that come back from archives have the host keys of before; one that is made anew has not.
    rmSync(join(site.folder, "state-home", "demo-known-hosts"), { force: true });
    const refused = expectExit(await lifeboat("recover", "--force"), [14], "a recovery without rights");
    expect(refused.stderr).toMatch(/Datastore\.Allocate on \/storage\/backup is missing[^]*HINT: .*--print-setup/u);
    for (const name of environments) await setUp(name);

    const hook = join(__dirname, "../../support/kill-at-journal-write.cjs");
    const killing = [`NODE_OPTIONS=--require ${hook}`, "LIFEBOAT_TEST_KILL=after 12"];
    const killed = await site.inside("env", ...killing, "lifeboat", "recover", "--force");
    expect(killed.exitCode).not.toBe(0);
    const { stdout } = await timed("L6", "bringing a whole site back from bare nodes", async () =>
      expectExit(await lifeboat("recover", "--force", "--json"), [0], "the recovery"),
    );
    const { proven, environments: found, findings } = recovered.parse(JSON.parse(stdout));
    expect({ proven, problems: findings.filter(({ severity }) => severity === "problem") }).toEqual({
      proven: true,
      problems: [],
    });
    expect(found.flatMap(({ guests }) => guests).filter(({ result }) => result === "lost")).toEqual([]);

    const read = expectExit(await site.ssh(written.address, `cat ${written.file}`), [0], "reading");
    expect(read.stdout.trim()).toBe(written.text);
    expect(await pointsOf("prod")).toEqual(expect.arrayContaining(before.filter((id) => id !== "present")));
    for (const name of environments) {
      const preview = await site.pulumi(name, "preview", "--refresh", "--expect-no-changes");
      expectExit(preview, [0], `the preview of ${name}`);
    }
  });

  test("the next night's backups are made as before, and a recovery finds nothing to do [H1]", async () => {
    expectExit(await site.byHand("run-job", "prod"), [0], "the job");
    const again = expectExit(await lifeboat("recover", "--force"), [0], "the second recovery");
    expect(again.stdout).toMatch(/^Nothing is lost/u);
  });
}
