import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { timed } from "../support/timed";
import { BridgeFrames, type Frame } from "./support/bridge-frames";
import { typeScript } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { changeSettings } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A whole drill over five guests that run, of which three cannot be proven; made by hand, so that no program has to run first.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-drill-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const node = "192.0.2.11";
const bridge = "vmbr9";
const rootPasswordFile = "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE";

/** Logs in to an account by the password that the guest's own service has for it; root would need none. */
const logIn = "setpriv --reuid=nobody --regid=nogroup --clear-groups su keeper -c true < /etc/keeper-password";

const guests = {
  db: { adopt: 151, checks: ["running", "tcp:5432"] },
  app: {
    adopt: 152,
    needs: ["db"],
    checks: ["ssh", "http:8080/=200", { command: "cat /run/told", output: "before" }],
  },
  quiet: { adopt: 153, checks: ["tcp:5432"] },
  locked: { adopt: 154, checks: ["ping", "ssh", { command: logIn }] },
  torn: { adopt: 155, checks: ["running"] },
};
const ids = Object.values(guests).map(({ adopt }) => adopt);

const red = (...reasons: RegExp[]) => ({
  result: "failed",
  reasons: reasons.map((reason): unknown => expect.stringMatching(reason)),
});

/** A unit file, written by a guest's shell. */
const unit = (name: string, lines: readonly string[]): string =>
  `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")} > /etc/systemd/system/${name}`;

/** systemd listens, so that no server has to be installed. */
const socket = (name: string, port: number): string =>
  unit(`${name}.socket`, [
    "[Socket]",
    `ListenStream=${String(port)}`,
    "Accept=yes",
    "[Install]",
    "WantedBy=sockets.target",
  ]);

/** Says one word to who connects. */
const database = [
  "echo before > /srv/word",
  socket("db", 5432),
  unit("db@.service", ["[Service]", "ExecStart=cat /srv/word", "StandardOutput=socket"]),
  "systemctl daemon-reload",
].join("\n");

/** Answers a request when its database has told it the word, which it keeps until it is shut down. */
const answerer = [
  "#!/bin/bash",
  `while IFS= read -r line && [ "\${#line}" -gt 1 ]; do :; done`,
  'status="503 Unavailable"',
  'exec 3<>/dev/tcp/192.0.2.151/5432 && IFS= read -r told <&3 && echo "$told" > /run/told && status="200 OK"',
  String.raw`printf "HTTP/1.0 %s\r\n\r\n" "$status"`,
];

const application = [
  `printf '%s\\n' ${answerer.map((line) => `'${line}'`).join(" ")} > /usr/local/bin/app`,
  "chmod +x /usr/local/bin/app",
  socket("app", 8080),
  unit("app@.service", ["[Service]", "ExecStart=/usr/local/bin/app", "StandardInput=socket", "StandardOutput=socket"]),
  "systemctl daemon-reload",
  "systemctl enable --now app.socket",
].join("\n");

/** The service has the password from before the account got another, and the guest lets in a key that is not the operator's. */
const otherSecrets = [
  "mv /root/.ssh/authorized_keys /root/kept",
  'ssh-keygen -q -t ed25519 -N "" -f /root/other',
  "cp /root/other.pub /root/.ssh/authorized_keys",
  "useradd keeper",
  "echo keeper:new-not-a-secret | chpasswd",
  "echo old-not-a-secret > /etc/keeper-password",
].join(" && ");

/** With these the original is as it should be. */
const rightSecrets = [
  "mv /root/kept /root/.ssh/authorized_keys",
  "echo new-not-a-secret > /etc/keeper-password",
  logIn,
].join(" && ");

/** Other bytes in the middle of the archive. */
const damage = `file=$(ls /var/lib/vz/dump/vzdump-lxc-155-*.tar.zst)
head -c 4096 /dev/urandom | dd of="$file" bs=4096 seek=$(($(stat -c %s "$file") / 8192)) conv=notrunc status=none`;

async function onNode(command: string): Promise<string> {
  return expectExit(await site.ssh(node, command), [0], `'${command}' on the node`).stdout;
}

/** Runs in a guest, by a way that needs neither its network nor its keys. */
const within = (id: number, command: string): Promise<string> =>
  onNode(`pct exec ${String(id)} -- bash -c '${command.replaceAll("'", String.raw`'\''`)}'`);

async function byHand(...words: string[]): Promise<void> {
  const program = [process.execPath, ...typeScript("test/rehearsal/support/drill-guests.ts")];
  expectExit(await site.inside(...program, ...words), [0], words.join(" "));
}

/** The original application, by its address: it asks the original database. */
async function askOriginal(): Promise<string> {
  const url = "http://192.0.2.152:8080/";
  expectExit(await site.inside("curl", "-sf", "--retry", "20", "--retry-all-errors", url), [0], "the original");
  return within(152, "cat /run/told");
}

const configurationSchema = z.looseObject({ net0: z.string() });

/** What a drill must not change: an original's configuration, and since when it runs. */
async function pictureOf(id: number) {
  const { stdout } = expectExit(await site.byHand("show", "prod", String(id)), [0], `the configuration of ${id}`);
  return {
    configuration: configurationSchema.parse(JSON.parse(stdout)),
    since: await within(id, "stat -c %Y /proc/1"),
  };
}

const originals = () => Promise.all(ids.map(pictureOf));

const reportSchema = z.object({
  guests: z.array(z.object({ guest: z.string(), result: z.string(), reasons: z.array(z.string()) })),
});
const groupSchema = z.array(z.object({ macs: z.array(z.string()) }));
const planSchema = z.object({ plan: z.object({ groups: z.array(groupSchema) }) });
const archiveSchema = z.object({ guest: z.string(), result: z.string() });
const verifiedSchema = z.object({ environments: z.array(z.object({ archives: z.array(archiveSchema) })) });
const requestSchema = z.object({ method: z.string(), path: z.string() });

async function prepare(): Promise<void> {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real"), [0], "the sandbox");
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  changeSettings(join(site.folder, "project", "Pulumi.prod.yaml"), [
    [["config", "lifeboat:backup", "storage"], { id: "local", adopt: true }],
    [["config", "lifeboat:drill"], { bridge, ids: { from: 9000, to: 9009 } }],
    [["config", "lifeboat:guests"], guests],
  ]);
  // Applying a node's network changes nothing in the kernel here.
  expectExit(await site.inside("ip", "link", "add", bridge, "type", "bridge"), [0], "the bridge");
  expectExit(await site.inside("ip", "link", "set", bridge, "addrgenmode", "none", "up"), [0], "the bridge");
  await byHand("make", bridge, ...Object.entries(guests).map(([name, { adopt }]) => `${String(adopt)}=${name}`));
  // The service of `quiet` was started by somebody, and nothing starts it at boot; the secrets of `locked` come after its backup.
  await Promise.all([
    within(151, `${database}\nsystemctl enable --now db.socket`),
    within(152, application),
    within(153, `${database}\nsystemctl start db.socket`),
    within(154, otherSecrets),
  ]);
  await byHand("back-up", ...ids.map(String));
  await Promise.all([within(151, "echo after > /srv/word"), within(154, rightSecrets), onNode(damage)]);
}

/** A drill, with what is on the bridges meanwhile. */
async function hold() {
  const { stdout } = expectExit(await site.inside("lifeboat", "drill", "--dry-run", "--json"), [0], "its plan");
  const planned = planSchema.parse(JSON.parse(stdout)).plan.groups.flat();
  const reader = await BridgeFrames.read(site);
  const first = await askOriginal();
  const before = await originals();
  const run = await site.inside("lifeboat", "drill", "--force", "--check-timeout", "30", "--json");
  expectExit(run, [0, 3], "the drill");
  const after = await originals();
  const told = [first, await askOriginal()];
  await sleep(1_000);
  const frames = await reader.stop();
  const { guests: drilled } = reportSchema.parse(JSON.parse(run.stdout));
  return { exitCode: run.exitCode, drilled, macs: planned.flatMap(({ macs }) => macs), before, after, told, frames };
}

jest.setTimeout(20 * 60_000);

(process.getuid?.() === 0 ? describe : describe.skip)("a drill over five guests that run", () => {
  let held: Awaited<ReturnType<typeof hold>>;

  beforeAll(async () => {
    await prepare();
    held = await hold();
  }, firstUseLimit);

  afterAll(async () => {
    delete process.env[rootPasswordFile];
    await site.sandbox("down");
    rmSync(parent, { recursive: true, force: true });
  });

  test("two are proven, one of them by the database that it needs, at its own address; three are not, each with its reason [G2]", () => {
    const green = { result: "proven", reasons: [] };
    expect(held.drilled).toEqual([
      { guest: "prod/db", ...green },
      { guest: "prod/app", ...green },
      { guest: "prod/quiet", ...red(/^check 'tcp:5432' failed \(port 5432 of 192\.0\.2\.153: no connection\)$/u) },
      {
        guest: "prod/locked",
        ...red(
          /^check 'ssh' failed \(ssh root@192\.0\.2\.154: .*Permission denied/u,
          /^check 'setpriv .* failed \(.*it ended with 1, not with 0: .*Authentication failure/u,
        ),
      },
      { guest: "prod/torn", ...red(/^its archive cannot be restored: unable to restore CT 9004 - /u) },
    ]);
    expect(held.exitCode).toBe(3);
  });

  test("the originals run on as they were, nothing was asked of them, and no copy is left [G2, K1]", async () => {
    // The copy's database has said "before", which is what the copy's check wants.
    expect(held.told).toEqual(["after", "after"].map((word) => expect.stringMatching(`^${word}\\s*$`)));
    expect(held.after).toEqual(held.before);
    const { stdout } = await site.sandbox("requests", "--json");
    const requests = stdout.split("\n").flatMap((line) => (line === "" ? [] : [requestSchema.parse(JSON.parse(line))]));
    const drilled = requests.slice(requests.findIndex(({ path }) => path.endsWith("/lxc/9000/status/start")));
    expect(drilled.length).toBeGreaterThan(20);
    expect(drilled.filter(({ method, path }) => method !== "GET" && /\/lxc\/15\d/u.test(path))).toEqual([]);
    const { stdout: status } = await site.sandbox("status");
    expect(status).toMatch(/guest +151 +lxc +pve-prod +running/u);
    expect(status).not.toMatch(/(?:guest +|-)900\d\b/u);
  });

  test("verify reads every archive of the node over SSH, and names the damaged one [G1, 004 US5.1, 004 US5.3]", async () => {
    const { stdout } = await timed("L5", "verifying the archives of five containers on their node", async () =>
      expectExit(await site.inside("lifeboat", "verify", "prod", "--archives", "--json"), [3], "lifeboat verify"),
    );
    const { environments } = verifiedSchema.parse(JSON.parse(stdout));
    const results = environments.flatMap(({ archives }) => archives.map(({ guest, result }) => [guest, result]));
    expect(Object.fromEntries(results)).toEqual({
      db: "whole",
      app: "whole",
      quiet: "whole",
      locked: "whole",
      torn: "damaged",
    });
    expect(results.length).toBe(5);
  });

  test("no MAC address of a drill was ever on the production bridge, where the originals' were [G2]", () => {
    const on = (name: string): Frame[] => held.frames.filter((frame) => frame.bridge === name);
    const production = new Set(on("vmbr0").flatMap(({ from, to }) => [from, to]));
    const drilled = new Set(on(bridge).map(({ from }) => from));
    // The checks of this test: the capture sees what a bridge only forwards, and it has seen four copies on theirs.
    const [db = "", app = ""] = held.before.map(
      ({ configuration }) => /hwaddr=([0-9A-F:]+)/u.exec(configuration.net0)?.[1] ?? "",
    );
    expect(on("vmbr0")).toContainEqual({ bridge: "vmbr0", from: app, to: db });
    expect(held.macs.length).toBe(5);
    expect(held.macs.filter((mac) => drilled.has(mac))).toEqual(held.macs.slice(0, 4));
    expect([...drilled, ...held.macs].filter((mac) => production.has(mac))).toEqual([]);
  });
});
