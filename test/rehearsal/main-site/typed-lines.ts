import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { type Conversation, talkTo, type Turn } from "../../support/conversation";
import { linesRun } from "../../support/docs/lines-run";
import { projectFolder, typeScript } from "../support/commands";
import { expectExit } from "../support/demo-site";
import { firstUseLimit } from "../support/toolchain";
import type { MainSite } from "./main-site";

const store = "192.0.2.132";
const web = "192.0.2.101";
const lines = Object.entries(linesRun["rehearsal/main-site"] ?? {});

/** What is asked, in any order, and what a person answers who wants it done. */
const answers: Readonly<Record<string, readonly Turn[]>> = {
  "ssh-keygen -t ed25519 -f ~/.ssh/lifeboat-2": [
    ["Enter passphrase", "\r"],
    ["Enter same passphrase", "\r"],
  ],
  "pulumi up -s prod": [["Do you want to perform this update?", "yes\r"]],
  'eval "$(lifeboat env monitoring)" && LIFEBOAT_STATE_STORE=apart pulumi up -s monitoring': [
    ["Do you want to perform this update?", "yes\r"],
  ],
};

/** Lines of the pages that want a node, a store's container or a guest, as they stand there, at a terminal within the site. */
export function typedLines(main: MainSite): void {
  const { site } = main;
  const home = join(main.parent, "person");
  const project = join(site.folder, "project");

  beforeAll(async () => {
    await main.deploy();
    beAPerson();
    expectExit(await lifeboat("backup", "state"), [0], "the copy");
  }, firstUseLimit);

  const lifeboat = (...words: string[]) => site.inside("lifeboat", ...words);
  const inStore = (command: string) => site.ssh(store, command);

  /** OpenSSH looks into the home of the user, whatever HOME says: the person's own settings come by programs in front of it. */
  function beAPerson(): void {
    mkdirSync(join(home, "bin"), { recursive: true });
    mkdirSync(join(home, ".ssh"), { mode: 0o700 });
    const settings = join(home, "settings");
    const all = [`IdentityFile ${join(site.folder, "keys", "id_ecdsa")}`, "BatchMode yes", "StrictHostKeyChecking no"];
    const quiet = ["UserKnownHostsFile /dev/null", "LogLevel ERROR"];
    writeFileSync(settings, ["Host pve", "HostName 192.0.2.11", "Host *", ...all, ...quiet, ""].join("\n"));
    const none = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"].map((o) => `-o ${o}`);
    const alone = `[ "$1 $2" = "-F none" ] && shift 2 && exec /usr/bin/ssh -F none ${none.join(" ")} "$@"`;
    const programs = { ssh: alone, scp: ":" };
    for (const [name, first] of Object.entries(programs)) {
      const script = `#!/bin/sh\n${first}\nexec /usr/bin/${name} -F '${settings}' "$@"\n`;
      writeFileSync(join(home, "bin", name), script, { mode: 0o755 });
    }
  }

  /** What the shell was told before. */
  const remembered: string[] = [];

  function type(line: string): Promise<Conversation> {
    const script = join(home, "typed");
    const own = `export HOME='${home}' PATH='${join(home, "bin")}':"$PATH"`;
    writeFileSync(script, ["set -o pipefail", own, ...remembered, line, ""].join("\n"));
    if (/^(?:eval "\S+ env prod\)"|store=)/u.test(line)) remembered.push(line);
    const program = [process.execPath, ...typeScript("test/sandbox/sandbox.ts"), "exec", "bash", script];
    const env = { ...process.env, LIFEBOAT_SANDBOX_DIR: site.folder };
    const terminal = { command: program.map((word) => `'${word}'`).join(" "), cwd: projectFolder, env };
    return talkTo({ ...terminal, silence: 5 * 60_000 }, answers[line] ?? []);
  }

  /** As on a machine where Lifeboat looks every night: what the page writes there, and its last line. */
  async function typeInWeb(line: string): Promise<Pick<Conversation, "code" | "shown" | "unasked">> {
    const page = readFileSync(join(projectFolder, "docs/guides/verify.md"), "utf8");
    const units = [...page.matchAll(/^`(\/etc\/systemd\/system\/\S+)`:\n\n```ini\n([^`]*)```$/gmu)];
    expect(units).toHaveLength(2);
    for (const [, path = "", text = ""] of units) {
      expectExit(await site.ssh(web, `cat > ${path} <<'END'\n${text}END`), [0], path);
    }
    const { exitCode, stdout, stderr } = await site.ssh(web, line);
    const timer = await site.ssh(web, "systemctl is-active lifeboat-verify.timer");
    expect(timer.stdout.trim()).toBe("active");
    return { code: exitCode, shown: `${stdout}${stderr}`, unasked: [] };
  }

  /** Both environments work on without the store, which is stopped. */
  async function fallBack(): Promise<void> {
    expectExit(await lifeboat("backup", "state"), [0], "the copy");
    expectExit(await inStore("systemctl stop lifeboat-state-store"), [0], "stopping MinIO");
    for (const name of ["prod", "monitoring"]) {
      expectExit(await lifeboat("state", "fallback", name, "--force"), [0], `the fallback of ${name}`);
    }
    remembered.push('eval "$(lifeboat env prod)"');
  }

  async function goBack(): Promise<void> {
    remembered.length = 0;
    expectExit(await inStore("systemctl start lifeboat-state-store"), [0], "starting MinIO");
    for (const name of ["prod", "monitoring"]) {
      expectExit(await lifeboat("state", "return", name, "--force"), [0], `the return of ${name}`);
    }
    // As the page says: what the stack has worked without comes back into its state.
    expectExit(await lifeboat("up", "monitoring", "--force"), [0], "lifeboat up");
    // The newest update of its history is then the state that is removed below, and no copy is newer than what comes back.
    expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview"), [0], "pulumi up");
  }

  function writeAuthority(): void {
    const schema = z.object({ config: z.looseObject({ "lifeboat:stateStoreAuthority": z.string() }) });
    const { config } = schema.parse(parse(readFileSync(main.settingsOf("monitoring"), "utf8")));
    writeFileSync(join(project, "authority.pem"), config["lifeboat:stateStoreAuthority"]);
  }

  /** What has to be so before a line makes sense. */
  const before: Readonly<Record<string, () => unknown>> = {
    "curl --retry 10 --retry-connrefused --cacert authority.pem https://192.0.2.132:9000/minio/health/live":
      writeAuthority,
    "pulumi up -s prod": fallBack,
    "ssh root@192.0.2.132 rm -r /var/lib/minio/data/lifeboat-state-prod/.pulumi/stacks/lifeboat/prod.json": goBack,
    "lifeboat state import-file monitoring": async () => {
      // The state that was removed comes back as the page says: from the newest update of its history.
      const listed = expectExit(await lifeboat("restore", "state", "prod", "--list", "--json"), [0], "--list");
      const schema = z.object({ points: z.array(z.object({ id: z.string(), present: z.boolean() })) });
      const newest = schema.parse(JSON.parse(listed.stdout)).points.find(({ present }) => !present);
      const words = ["restore", "state", "prod", "--to", newest?.id ?? "", "--force"];
      expectExit(await lifeboat(...words), [0], "the earlier state");
    },
    "scp lifeboat-archive root@pve:/usr/local/sbin/lifeboat-archive": () =>
      type("lifeboat verify --print-node-command > lifeboat-archive"),
    "pct exec 901 -- ls -l /srv": async () => {
      expectExit(await lifeboat("backup", "web"), [0], "a backup");
      const words = ["restore", "guest", "web", "--target-id", "901", "--force"];
      expectExit(await lifeboat(...words), [0], "the copy of web");
    },
  };

  test.each(lines)("%s [K1]", async (line, codes) => {
    await before[line]?.();
    const onNode = line.startsWith("pct ") ? `ssh root@pve ${line}` : line;
    const { code, shown, unasked } = line.startsWith("systemctl ") ? await typeInWeb(line) : await type(onNode);
    const isFine = codes.includes(code ?? -1) && unasked.length === 0;
    expect({ code, unasked, shown: isFine ? "" : shown }).toEqual({ code: expect.any(Number), unasked: [], shown: "" });
  });

  test("what the lines changed is as it was, and the copies that they made are gone [K1]", async () => {
    expectExit(await lifeboat("undo", "web", "--force"), [0], "taking the copy of web away");
    for (const name of ["prod", "monitoring"]) {
      const clean = await site.pulumi(name, "preview", "--refresh", "--expect-no-changes");
      expectExit(clean, [0], `the preview of ${name}`);
    }
    rmSync(join(project, "lifeboat-state-prod"), { recursive: true, force: true });
  });
}
