import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { CommandResult } from "../support/commands";
import { expectExit } from "../support/demo-site";
import { mayGrowMounted } from "../support/mounted-growth";
import { changeSettings } from "../support/store-settings";
import { firstUseLimit } from "../support/toolchain";
import type { MainSite } from "./main-site";

const web = { id: 101, address: "192.0.2.101" };
const guest = ["config", "lifeboat:guests", "web"];
const consent = "LIFEBOAT_ALLOW_REBOOT";
const gibibyte = 2 ** 30;

/** Everything that a command printed. */
function said({ stdout, stderr }: CommandResult): string {
  return `${stdout}\n${stderr}`;
}

/** Growing and adding disks with data on them: the real provider, a real container. Each test stands on the one before. */
export function disks(main: MainSite): void {
  const { site, printed } = main;
  const settings = main.settingsOf("prod");
  let printedBefore = 0;
  /** Bytes of `/srv` and `/` before anything grew. */
  let before: Record<string, number> = {};
  let checksum = "";

  beforeAll(async () => {
    await main.deploy();
    printedBefore = printed.length;
  }, firstUseLimit);

  afterAll(() => {
    delete process.env[consent];
  });

  /** Plain pulumi on prod, as `lifeboat env` points it. */
  function pulumi(...words: string[]): Promise<CommandResult> {
    return site.pulumi("prod", ...words);
  }

  const change = (changes: Parameters<typeof changeSettings>[1]): void => changeSettings(settings, changes);

  async function inGuest(command: string): Promise<string> {
    return expectExit(await site.ssh(web.address, command), [0], command).stdout.trim();
  }

  /** Bytes that file systems have. */
  async function sizes(...places: string[]): Promise<Record<string, number>> {
    const lines = (await inGuest(`df --block-size=1 --output=target,size ${places.join(" ")}`)).split("\n").slice(1);
    return Object.fromEntries(
      lines.map((line) => line.trim().split(/\s+/u)).map(([place = "", size]) => [place, Number(size)]),
    );
  }

  /** When the guest was started, as its own init knows. */
  function startOfGuest(): Promise<string> {
    return inGuest("stat -c %Y /proc/1");
  }

  /** After a reboot the guest's SSH server takes a moment. */
  async function answers(): Promise<void> {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      if ((await site.ssh(web.address, "true")).exitCode === 0) return;
      await sleep(500);
    }
    throw new Error("the guest does not answer any more");
  }

  /** Nothing that Pulumi has planned since then replaced the container. */
  function neverReplaced(): void {
    expect(
      printed.slice(printedBefore).filter((line) => /web-container.*replace|replace.*web-container/iu.test(line)),
    ).toEqual([]);
  }

  test("a new disk before the others in the order of paths: the program asks for its slot [A11]", async () => {
    await answers();
    await inGuest("dd if=/dev/urandom of=/srv/kept bs=1M count=64 status=none && sync");
    checksum = await inGuest("sha256sum /srv/kept");
    before = await sizes("/", "/srv");
    change([
      [[...guest, "disks", "data", "size"], "22GiB"],
      [[...guest, "root", "size"], "9GiB"],
      [[...guest, "disks", "mail"], { mount: "/opt/mail", storage: "local", size: "1GiB" }],
    ]);
    const refused = await pulumi("preview");
    expect(refused.exitCode).not.toBe(0);
    expect(said(refused)).toContain("data is mp0 and would become mp1");
    expect(said(refused)).toContain("HINT: write `slot: 2` in disks.mail");
  });

  test("with it the way is named, and nothing has happened yet [A11]", async () => {
    change([[[...guest, "disks", "mail", "slot"], 2]]);
    const refused = await pulumi("up", "--yes");
    expect(refused.exitCode).not.toBe(0);
    expect(said(refused)).toContain("disk data (mp0) has 20GiB, 22GiB is wanted");
    expect(said(refused)).toContain("disk mail is not there, 1GiB on local at /opt/mail is wanted");
    expect(said(refused)).toContain(
      'HINT: lifeboat grow prod/web; then eval "$(lifeboat env prod)" && pulumi up --refresh -s prod',
    );
    expect(said(refused)).not.toMatch(/^\s+at .*:\d+:\d+/m);
    neverReplaced();
  });

  test("lifeboat grow: disks as in the settings, the guest runs on, and Pulumi agrees [A11]", async () => {
    const started = await startOfGuest();
    const { stdout } = expectExit(
      await site.inside("lifeboat", "grow", "web", "--force", "--json"),
      [0],
      "lifeboat grow",
    );
    const report = z
      .object({ findings: z.array(z.object({ severity: z.string(), text: z.string() })), next: z.string().nullable() })
      .parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
    expect(report.next).toBeNull();
    // Where root may not, a mounted file system grows at the next start: that is seen in the guest, and said.
    const waiting = report.findings.filter(({ severity }) => severity !== "note").map(({ text }) => text);
    const late = ["data", "root"].map((disk) => expect.stringContaining(`disk ${disk} is larger, and its file system`));
    expect(waiting.sort()).toEqual(mayGrowMounted() ? [] : late);
    expect((await sizes("/opt/mail"))["/opt/mail"]).toBeGreaterThan(0.8 * gibibyte);
    expect(await startOfGuest()).toBe(started);
    expectExit(await pulumi("preview", "--expect-no-changes"), [0], "a preview");
    expectExit(await pulumi("up", "--yes", "--refresh", "--expect-no-changes"), [0], "pulumi up --refresh");
    expect(await startOfGuest()).toBe(started);
    neverReplaced();
  });

  test("the file systems are larger, the new one is there, and the data is what it was [A11]", async () => {
    if (!mayGrowMounted()) {
      expectExit(await site.byHand("reboot", "web"), [0], "a reboot");
      await answers();
    }
    expect(await inGuest("sha256sum /srv/kept")).toBe(checksum);
    const after = await sizes("/", "/srv", "/opt/mail");
    expect((after["/srv"] ?? 0) - (before["/srv"] ?? 0)).toBeGreaterThan(1.8 * gibibyte);
    expect((after["/"] ?? 0) - (before["/"] ?? 0)).toBeGreaterThan(0.9 * gibibyte);
    expect(after["/opt/mail"]).toBeGreaterThan(0.8 * gibibyte);
    await inGuest("echo mail > /opt/mail/kept && sync");
  });

  test("a change that reboots is named, refused without consent, and keeps the data with it [A11]", async () => {
    const optOut = { exclude: "kept elsewhere", owner: "mail team", until: "2035-12-31" };
    change([[[...guest, "disks", "mail", "backup"], optOut]]);
    const preview = expectExit(await pulumi("preview"), [0], "a preview");
    expect(said(preview)).toContain("This update reboots guest web (101): disk mail is taken out of backups");
    const started = await startOfGuest();
    const refused = await pulumi("up", "--yes");
    expect(refused.exitCode).not.toBe(0);
    expect(said(refused)).toContain('HINT: eval "$(lifeboat env prod)" && LIFEBOAT_ALLOW_REBOOT=web pulumi up -s prod');
    expect(await startOfGuest()).toBe(started);
    process.env[consent] = "web";
    expectExit(await pulumi("up", "--yes"), [0], "pulumi up with consent");
    delete process.env[consent];
    await answers();
    expect(await startOfGuest()).not.toBe(started);
    expect(await inGuest("cat /opt/mail/kept && sha256sum /srv/kept")).toBe(`mail\n${checksum}`);
    const covered = expectExit(await site.byHand("coverage", "prod"), [0], "the job's coverage").stdout;
    expect(JSON.parse(covered)).toMatchObject({ "101:mp0": true, "101:mp2": false });
    neverReplaced();
  });

  test("the root disk grows through pulumi up alone, in place [A11]", async () => {
    const started = await startOfGuest();
    change([[[...guest, "root", "size"], "10GiB"]]);
    expectExit(await pulumi("up", "--yes"), [0], "pulumi up");
    expect(await startOfGuest()).toBe(started);
    const shown = expectExit(await site.byHand("show", "prod", "101"), [0], "its configuration").stdout;
    expect(JSON.parse(shown)).toMatchObject({ rootfs: expect.stringMatching(/size=(10G|10737418240)/u) });
    expectExit(await pulumi("preview", "--refresh", "--expect-no-changes"), [0], "a preview");
    expect(await inGuest("sha256sum /srv/kept")).toBe(checksum);
    neverReplaced();
  });
}
