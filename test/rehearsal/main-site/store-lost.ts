import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { CommandResult } from "../support/commands";
import { expectExit } from "../support/demo-site";
import { ArgumentWatch } from "../support/process-arguments";
import { changeSettings } from "../support/store-settings";
import { timed } from "../../support/timed";
import { firstUseLimit } from "../support/toolchain";
import type { MainSite } from "./main-site";

const store = "192.0.2.132";
const service = "lifeboat-offsite-copy.service";
const bucket = `s3://lifeboat-state-prod?endpoint=https://${store}:9000&use_path_style=true&region=us-east-1&profile=lifeboat-prod`;
const toldByPulumi = "exceeded maximum number of attempts";
const everyEnvironment = ["lab", "monitoring", "prod"];

const pointsSchema = z.object({
  points: z.array(
    z.object({ id: z.string(), source: z.string(), update: z.object({ message: z.string() }).nullable() }),
  ),
});

const statusSchema = z.object({
  environments: z.array(
    z.object({
      problems: z.array(z.string()),
      state: z.object({
        lives: z.string(),
        copies: z.array(z.object({ kind: z.string(), time: z.number().nullable(), by: z.string().nullable() })),
      }),
    }),
  ),
});

const rebuiltSchema = z.object({
  seconds: z.number(),
  environments: z.array(z.object({ name: z.string(), works: z.boolean() })),
});

function working(environments: z.infer<typeof rebuiltSchema>["environments"]): string[] {
  return environments.flatMap(({ name, works }) => (works ? [name] : [])).sort();
}

/** The state store stops, both sides move on, and its container is lost with its data: real MinIO in a real container. */
export function storeLost(main: MainSite): void {
  const { site, parent } = main;
  const settings = main.settingsOf("prod");

  beforeAll(async () => {
    await main.deploy();
    // A copy of what is deployed now, whatever was updated before.
    expectExit(await lifeboat("backup", "state"), [0], "the copy");
  }, firstUseLimit);

  const lifeboat = (...words: string[]) => site.inside("lifeboat", ...words);

  /** Plain pulumi, as `lifeboat env` points it. */
  function pulumi(environment: string, words: string, backend = ""): Promise<CommandResult> {
    const elsewhere = backend === "" ? "" : `export PULUMI_BACKEND_URL='${backend}'; `;
    return site.inside(
      "bash",
      "-c",
      `eval "$(lifeboat env ${environment})"; ${elsewhere}exec pulumi ${words} -s ${environment} --non-interactive`,
    );
  }

  const inStore = (command: string) => site.ssh(store, command);

  async function stopStore(): Promise<void> {
    expectExit(await inStore("systemctl stop lifeboat-state-store"), [0], "stopping MinIO");
  }

  async function startStore(): Promise<void> {
    expectExit(await inStore("systemctl start lifeboat-state-store"), [0], "starting MinIO");
  }

  /** Changes a tag of web, and updates with plain pulumi. */
  async function update(tag: string, backend?: string): Promise<void> {
    changeSettings(settings, [[["config", "lifeboat:guests", "web", "tags"], [tag]]]);
    expectExit(await pulumi("prod", `up --yes --skip-preview -m ${tag}`, backend), [0], `pulumi up (${tag})`);
  }

  async function points(environment: string) {
    const listed = await lifeboat("restore", "state", environment, "--list", "--json");
    return pointsSchema.parse(JSON.parse(expectExit(listed, [0], "--list").stdout)).points;
  }

  async function messages(): Promise<string[]> {
    return (await points("prod")).flatMap(({ update: of }) => of?.message ?? []);
  }

  async function status(environment: string) {
    const { stdout } = expectExit(await lifeboat("status", environment, "--json"), [0, 3], "lifeboat status");
    const [found] = statusSchema.parse(JSON.parse(stdout)).environments;
    if (found === undefined) throw new Error(`There is no status of ${environment}.`);
    return found;
  }

  async function isClean(environment: string): Promise<void> {
    const preview = await pulumi(environment, "preview --refresh --expect-no-changes");
    expectExit(preview, [0], `pulumi preview of ${environment}`);
  }

  test("the timer in the store's container copies to the second S3 service; a failed run is visible [E6]", async () => {
    const watch = new ArgumentWatch();
    expectExit(await inStore(`systemctl start ${service}`), [0], "the copy");
    const seen = watch.stop();
    const key = z
      .object({ secretKey: z.string() })
      .parse(JSON.parse(readFileSync(join(site.folder, "keys", "offsite"), "utf8")));
    expect(seen.some((line) => line.includes("rclone"))).toBe(true);
    expect(seen.filter((line) => line.includes(key.secretKey))).toEqual([]);
    const rights = await inStore("stat -c '%a %U' /etc/lifeboat-offsite-copy/rclone.conf");
    expect(rights.stdout.trim()).toBe("600 lifeboat-offsite-copy");
    const timer = await inStore(
      "systemctl is-enabled lifeboat-offsite-copy.timer; systemctl is-active lifeboat-offsite-copy.timer",
    );
    expect(timer.stdout.trim().split("\n")).toEqual(["enabled", "active"]);
    const { state } = await status("prod");
    expect(state.lives).toBe("store");
    expect(state.copies.map(({ kind, by }) => [kind, by])).toEqual([
      ["folder", "command"],
      ["offsite", "timer"],
    ]);

    expectExit(await site.sandbox("service", "offsite", "stop"), [0], "stopping the provider");
    expect((await inStore(`systemctl start ${service}`)).exitCode).not.toBe(0);
    expect((await inStore(`systemctl is-failed ${service}`)).stdout.trim()).toBe("failed");
    expectExit(await site.sandbox("service", "offsite", "start"), [0], "starting the provider");
  });

  test("MinIO stopped: fallback, an update here, MinIO back, return: the update is there [E4, 004 US2.3, 004 US2.4, 003 DOD5]", async () => {
    await stopStore();
    expect((await status("prod")).problems.join()).toMatch(/lifeboat state fallback prod/u);
    // The guide has these words of pulumi's; what to do is said by `lifeboat env`, which a shell asks before.
    const plain = await pulumi("prod", "preview");
    expect([plain.exitCode === 0, plain.stderr]).toEqual([false, expect.stringContaining(toldByPulumi)]);
    expect(plain.stderr).toMatch(/does not answer: ECONNREFUSED; pulumi fails.*lifeboat state fallback prod/u);
    expectExit(await lifeboat("state", "fallback", "prod", "--force"), [0], "the fallback");
    await update("during-fallback");
    expect((await status("prod")).state.lives).toBe("fallback");
    expectExit(await lifeboat("state", "return", "prod", "--force"), [14], "returning while it is stopped");
    await startStore();
    const returned = expectExit(await lifeboat("state", "return", "prod", "--force"), [0], "the return");
    expect(returned.stdout).toContain("Pulumi agrees: a preview of prod changes nothing");
    expect(await messages()).toContain("during-fallback");
    expect((await points("prod")).map(({ source }) => source)).toContain("saved");
    await isClean("prod");
  });

  test("both moved: refused with the difference; the one that lives on is chosen, the other stays a restore point [E4]", async () => {
    await stopStore();
    expectExit(await lifeboat("state", "fallback", "prod", "--force"), [0], "the fallback");
    await startStore();
    await update("in-the-store", bucket);
    await update("on-this-machine");
    const refused = expectExit(await lifeboat("state", "return", "prod", "--force"), [13], "the return");
    expect(refused.stderr).toMatch(
      /~ web-container .*tags is .*in-the-store.* in the store and .*on-this-machine.* here/u,
    );
    expect(refused.stderr).toMatch(/HINT: .*--keep local.*--keep store/u);
    const kept = expectExit(
      await lifeboat("state", "return", "prod", "--keep", "local", "--force"),
      [0],
      "--keep local",
    );
    expect(kept.stdout).toMatch(/To go to the other state: lifeboat restore state prod --to [0-9a-f]+/u);
    expect(await messages()).toEqual(expect.arrayContaining(["on-this-machine", "in-the-store"]));
    await isClean("prod");
  });

  test("the store's own stack: a preview names the cause, and works on without buckets meanwhile [E4]", async () => {
    await stopStore();
    expectExit(await lifeboat("state", "fallback", "monitoring", "--force"), [0], "the fallback");
    const preview = expectExit(await pulumi("monitoring", "preview"), [0, 255, 1], "the preview");
    expect(preview.stdout + preview.stderr).toMatch(
      /The state store at https:\/\/192\.0\.2\.132:9000 does not answer/u,
    );
    await startStore();
    expectExit(await lifeboat("state", "return", "monitoring", "--force"), [0], "the return");
    await isClean("monitoring");
  });

  async function rebuild(...flags: string[]) {
    const result = expectExit(
      await lifeboat("rebuild", "state-store", "--force", "--json", ...flags),
      [0],
      "the rebuild",
    );
    return rebuiltSchema.parse(JSON.parse(result.stdout));
  }

  test("a server that is broken in its container: installed again, and nothing in the store is lost [F1]", async () => {
    expectExit(await lifeboat("backup", "state"), [0], "the copy");
    const before = await points("prod");
    await stopStore();
    expectExit(await inStore("rm -rf /opt/lifeboat-state-store"), [0], "breaking the server");
    const { environments } = await rebuild();
    expect(working(environments)).toEqual(everyEnvironment);
    expect(await points("prod")).toEqual(before);
    await isClean("monitoring");
  });

  /** Removed by hand, with its data. The one that follows has another SSH key. */
  async function loseStore(): Promise<void> {
    expectExit(await site.byHand("destroy", "store"), [0], "destroying the store");
    rmSync(join(site.folder, "state-home", "demo-known-hosts"), { force: true });
  }

  test("the container is destroyed with its data: rebuilt from the copy, with every restore point, killed once on the way [F1, K4, 004 US3.1, 004 US3.3]", async () => {
    expectExit(await lifeboat("backup", "state"), [0], "the copy");
    const before = { prod: await points("prod"), monitoring: await points("monitoring") };
    await loseStore();
    const hook = join(__dirname, "../../support/kill-at-journal-write.cjs");
    const killing = [`NODE_OPTIONS=--require ${hook}`, "LIFEBOAT_TEST_KILL=after 9"];
    const killed = await site.inside("env", ...killing, "lifeboat", "rebuild", "state-store", "--force");
    expect(killed.exitCode).not.toBe(0);
    const { environments } = await rebuild();
    expect(working(environments)).toEqual(everyEnvironment);
    const after = { prod: await points("prod"), monitoring: await points("monitoring") };
    expect(after.prod).toEqual(before.prod);
    expect(after.monitoring).toEqual(expect.arrayContaining(before.monitoring.filter(({ id }) => id !== "present")));
    await isClean("prod");
    await isClean("monitoring");
  });

  /** As with settings files from before the store was made. */
  function loseKeys(): void {
    const lost = ["stateStoreKeys", "stateStoreAuthority", "stateKey"];
    for (const name of everyEnvironment) {
      const file = main.settingsOf(name);
      changeSettings(
        file,
        lost.map((key) => [["config", `lifeboat:${key}`], undefined]),
      );
    }
  }

  /** The key with which plain pulumi works on prod: its name, and the secret. */
  async function keyOfProd(): Promise<string[]> {
    const show = 'eval "$(lifeboat env prod)" && grep -E "^aws_" "$AWS_SHARED_CREDENTIALS_FILE"';
    return expectExit(await site.inside("bash", "-c", show), [0], "the key")
      .stdout.trim()
      .split("\n");
  }

  test("rebuilt from the offsite copy alone, with nothing on this machine and new keys under the same names [F1, E6]", async () => {
    expectExit(await inStore(`systemctl start ${service}`), [0], "the copy");
    const before = await points("prod");
    const [name, secret] = await keyOfProd();
    await loseStore();
    loseKeys();
    for (const home of ["data-home", "state-home"]) renameSync(join(site.folder, home), join(parent, home));
    const none = expectExit(await lifeboat("rebuild", "state-store", "--force"), [10], "a rebuild without copies");
    expect(none.stderr).toMatch(/HINT: .*--from offsite/u);
    const { environments } = await timed("L3", "rebuilding the state store from the copy offsite", () =>
      rebuild("--from", "offsite"),
    );
    expect(working(environments)).toEqual(everyEnvironment);
    expect(await points("prod")).toEqual(before);
    const [sameName, newSecret] = await keyOfProd();
    expect(sameName).toBe(name);
    expect(newSecret).not.toBe(secret);
    // The timer is there again, too.
    expectExit(await inStore(`systemctl start ${service}`), [0], "the copy");
  });
}
