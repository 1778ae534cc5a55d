import * as z from "zod";
import { timed } from "../../support/timed";
import { expectExit } from "../support/demo-site";
import { firstUseLimit } from "../support/toolchain";
import { UnpackedKit } from "../support/unpacked-kit";
import { installAnew, setUpAsPrinted } from "./loss";
import { expectInWeb, writeIntoWeb } from "./main-job";
import type { MainSite } from "./main-site";

const web = { address: "192.0.2.101", data: "/srv/demo.txt" };

const checkSchema = z.object({
  subjects: z.array(
    z.object({
      environment: z.string().nullable(),
      kind: z.string(),
      subject: z.string(),
      verdict: z.string(),
      problems: z.array(z.object({ text: z.string(), next: z.string().nullable() })),
    }),
  ),
});

/** Scenarios of the runbook that do not take the whole site along. Each leaves it as it was: its guests, its data, clean previews. */
export function scenarios(main: MainSite): void {
  const { site } = main;
  const lifeboat = (...words: string[]) => site.inside("lifeboat", ...words);

  beforeAll(async () => {
    await main.deploy();
    await backUp();
  }, firstUseLimit);

  async function backUp(): Promise<void> {
    expectExit(await lifeboat("backup", "--all", "--env", "prod"), [0], "backups of prod");
  }

  /** The nodes' clock, so many days from now. */
  async function setClock(days: number): Promise<void> {
    const time = new Date(Date.now() + days * 86_400_000).toISOString();
    expectExit(await site.sandbox("clock", "set", time), [0], "the clock");
  }

  async function isClean(environment: string): Promise<void> {
    const preview = await site.pulumi(environment, "preview", "--refresh", "--expect-no-changes");
    expectExit(preview, [0], `the preview of ${environment}`);
  }

  /** When a guest was started, as its own init knows. */
  async function startOf(address: string): Promise<string> {
    return expectExit(await site.ssh(address, "stat -c %Y /proc/1"), [0], "its start").stdout.trim();
  }

  /** What `lifeboat check` says of web. */
  async function checkWeb() {
    const { stdout } = expectExit(await lifeboat("check", "prod", "--json"), [0, 3], "lifeboat check");
    const { subjects } = checkSchema.parse(JSON.parse(stdout));
    const found = subjects.find(({ kind, subject }) => kind === "guest" && /\bweb\b/u.test(subject));
    if (found === undefined) throw new Error(`nothing is said of web: ${stdout}`);
    return found;
  }

  test("the host is down: it is named, nothing is restored over its silence, and when it is back all of it is there [H1, K3]", async () => {
    const text = "written before the host was down";
    await writeIntoWeb(site, text);
    const started = await startOf(web.address);
    expectExit(await site.sandbox("fault", "node-unreachable", "on", "node=pve-prod"), [0], "the host");
    const status = expectExit(await lifeboat("status", "prod"), [14], "lifeboat status");
    expect(status.stderr + status.stdout).toContain("192.0.2.11");
    const silent = expectExit(await lifeboat("recover", "--force"), [14], "a recovery");
    expect(silent.stderr).toMatch(/nothing of what is lost can be brought back now: prod: /u);
    expectExit(await site.sandbox("fault", "node-unreachable", "off"), [0], "the host");
    const back = expectExit(await lifeboat("recover", "--force"), [0], "a recovery");
    expect(back.stdout).toMatch(/^Nothing is lost/u);
    expect(await checkWeb()).toMatchObject({ verdict: "ok" });
    expect(await startOf(web.address)).toBe(started);
    await expectInWeb(site, text);
  });

  test("a guest is lost: from the line of lifeboat check to the next one, by the command that it names [H2, D1, 000 CA11.4]", async () => {
    const text = "written before web was lost";
    await writeIntoWeb(site, text);
    expectExit(await lifeboat("backup", "web"), [0], "a backup");
    expectExit(await site.byHand("destroy", "web"), [0], "removing web");
    await timed("L8", "one guest, from what lifeboat check says of it to its proof", async () => {
      const lines = (await checkWeb()).problems.flatMap(({ next }) => next ?? []);
      // Each line can be looked at first with --dry-run; this one does it.
      expect(lines).toContain("lifeboat restore guest prod/web");
      expectExit(await lifeboat("restore", "guest", "prod/web", "--force"), [0], "the command that it names");
      // The purge took it out of its job.
      const mend = 'eval "$(lifeboat env prod)" && pulumi up --refresh -s prod';
      expect((await checkWeb()).problems).toEqual([expect.objectContaining({ next: mend })]);
      expectExit(await site.pulumi("prod", "up", "--yes", "--refresh"), [0], "the command that it names");
      expect(await checkWeb()).toMatchObject({ verdict: "ok", problems: [] });
    });
    await expectInWeb(site, text);
    await isClean("prod");
  });

  test("ransomware: everything in a guest is encrypted, and so is its newest backup; the archive before that hour brings it back [D2]", async () => {
    const text = "written before the intruder came";
    await writeIntoWeb(site, text);
    // Of each day the job keeps one archive.
    await setClock(-1);
    await backUp();
    await setClock(0);
    // A minute before: the nodes' clock, which was set by hand, is some seconds behind the guest's.
    const date = "date -u -d '1 minute ago' '+%Y-%m-%d %H:%M:%S'";
    const hour = expectExit(await site.ssh(web.address, date), [0], "the hour").stdout.trim();
    const encrypting =
      'cd /srv && for f in *; do [ -f "$f" ] && head -c 4096 /dev/urandom > "$f.locked" && rm "$f"; done; sync';
    expectExit(await site.ssh(web.address, encrypting), [0], "the intruder");
    await backUp();
    expect((await site.ssh(web.address, `cat ${web.data}`)).exitCode).not.toBe(0);
    const consent = ["--stop", "--accept-loss", "--force"];
    const restored = await timed("L8", "one guest, from the archive before it was encrypted to its proof", () =>
      lifeboat("restore", "guest", "web", "--at", hour, ...consent),
    );
    expect(expectExit(restored, [0], "the restore").stdout).toMatch(/lifeboat undo prod\/web/u);
    await expectInWeb(site, text);
    expect((await site.ssh(web.address, "ls /srv/*.locked")).exitCode).not.toBe(0);
    await isClean("prod");
  });

  test("a node is lost: its guests come back with nothing but the break-glass file, and with pulumi beside it their jobs; the others run on [H1, H5, H7, 003 AC3]", async () => {
    const text = "written before the node was lost";
    await writeIntoWeb(site, text);
    await backUp();
    const others = { gitea: await startOf("192.0.2.121"), store: await startOf("192.0.2.132") };
    const laptop = await UnpackedKit.write(site, main.parent);
    await installAnew(site, ["prod"]);
    await setUpAsPrinted(site, "prod");
    const onLaptop = await timed("L6", "bringing the guests of a node back with the break-glass file alone", () =>
      laptop.lifeboat({}, "recover", "--only", "prod", "--force"),
    );
    // Jobs and states are Pulumi's, which this machine has not yet: that is said when its guests are back.
    expect([onLaptop.exitCode, onLaptop.stdout]).toEqual([3, expect.stringContaining("pulumi CLI is not installed")]);
    await expectInWeb(site, text);
    const pulumi = await laptop.besidePulumi();
    const rest = await laptop.lifeboat(pulumi, "recover", "--only", "prod", "--force");
    expectExit(rest, [0], "the rest of the recovery");
    expect(rest.stdout).toMatch(/^The site is back/u);
    await isClean("prod");
    expect({ gitea: await startOf("192.0.2.121"), store: await startOf("192.0.2.132") }).toEqual(others);
  });
}
