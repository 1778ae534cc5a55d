import { join } from "node:path";
import * as z from "zod";
import { timed } from "../../support/timed";
import { expectExit } from "../support/demo-site";
import { firstUseLimit } from "../support/toolchain";
import { backUpAll, environmentNames, installAnew, pointsOf, setUpAsPrinted } from "./loss";
import type { MainSite } from "./main-site";

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

  test("one command brings all of it back, cut off once on the way: data, states with every restore point, jobs; clean previews [H1, H4, H5, K4, 003 AC3, 004 US6.1]", async () => {
    expectExit(await site.ssh(written.address, `echo '${written.text}' > ${written.file} && sync`), [0], "writing");
    await backUpAll(site);
    const before = await pointsOf(site, "prod");

    await installAnew(site, environmentNames);
    await timed("L9", "everything lost, from bare nodes without rights to clean previews, cut off once", () =>
      bringBack(before),
    );
  });

  /** @param before restore points of prod */
  async function bringBack(before: readonly string[]): Promise<void> {
    const refused = expectExit(await lifeboat("recover", "--force"), [14], "a recovery without rights");
    expect(refused.stderr).toMatch(/Datastore\.Allocate on \/storage\/backup is missing[^]*HINT: .*--print-setup/u);
    for (const name of environmentNames) await setUpAsPrinted(site, name);

    const hook = join(__dirname, "../../support/kill-at-journal-write.cjs");
    const killing = [`NODE_OPTIONS=--require ${hook}`, "LIFEBOAT_TEST_KILL=after 12"];
    // Emulated processors boot a virtual machine for a minute, and on a busy machine for several.
    const words = ["lifeboat", "recover", "--force", "--check-timeout", "900"];
    const killed = await site.inside("env", ...killing, ...words);
    expect(killed.exitCode).not.toBe(0);
    const { stdout } = await timed("L6", "bringing a whole site back from bare nodes", async () =>
      expectExit(await site.inside(...words, "--json"), [0], "the recovery"),
    );
    const { proven, environments: found, findings } = recovered.parse(JSON.parse(stdout));
    expect({ proven, problems: findings.filter(({ severity }) => severity === "problem") }).toEqual({
      proven: true,
      problems: [],
    });
    expect(found.flatMap(({ guests }) => guests).filter(({ result }) => result === "lost")).toEqual([]);

    const read = expectExit(await site.ssh(written.address, `cat ${written.file}`), [0], "reading");
    expect(read.stdout.trim()).toBe(written.text);
    expect(await pointsOf(site, "prod")).toEqual(expect.arrayContaining(before.filter((id) => id !== "present")));
    for (const name of environmentNames) {
      const preview = await site.pulumi(name, "preview", "--refresh", "--expect-no-changes");
      expectExit(preview, [0], `the preview of ${name}`);
    }
  }

  test("the next night's backups are made as before, and a recovery finds nothing to do [H1]", async () => {
    expectExit(await site.byHand("run-job", "prod"), [0], "the job");
    const again = expectExit(await lifeboat("recover", "--force"), [0], "the second recovery");
    expect(again.stdout).toMatch(/^Nothing is lost/u);
  });
}
