import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { nodeProgram } from "../../../scripts/clients/node-program/node-program";
import { verifyShape } from "../../../scripts/inspect/verify/shape";
import { readVerification } from "../../../site/restore/verification-record";
import { node, RestoreSite } from "../restore/restore-site";
import type { RunOptions, RunResult } from "../support/run-bundle";
import { logInToNode, nodeShell, sshWords } from "../support/site/node-ssh";

/** Archives of two guests, read as on a node: what reads them is the real thing. */
let site: RestoreSite;
let overSsh: Record<string, string>;

const web = { id: 101, name: "web" };
const db = { id: 102, name: "db" };

beforeAll(async () => {
  site = await RestoreSite.start([web, db]);
  const content = randomBytes(200_000).toString("hex");
  for (const { id } of [web, db]) {
    await site.control({
      command: "write",
      path: `/mnt/data/images/${String(id)}/vm-${String(id)}-disk-0.raw/large`,
      content,
    });
  }
  logInToNode(site);
  overSsh = { PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? ""}` };
});

beforeEach(async () => {
  for (const { id } of [web, db]) for (const { volid } of await site.archives(id)) await remove(volid);
  rmSync(join(dump(), "witness"), { force: true });
});

afterAll(() => site.stop());

function dump(): string {
  return site.nodePath(node, "mnt/backup/dump");
}

function file(volid: string): string {
  return join(dump(), volid.slice(volid.indexOf("/") + 1));
}

async function remove(volid: string): Promise<void> {
  await site.client.backups.setArchiveProtection(node, volid, false);
  await site.client.tasks.wait(await site.client.backups.deleteArchive(node, volid));
}

async function notes(volid: string): Promise<string> {
  return (await site.client.backups.archiveDetails(node, volid)).notes;
}

const run = (words: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
  site.lifeboat(["verify", "prod", "--archives", ...words], { ...options, env: { ...overSsh, ...options.env } });

/** Until an archive is asked for over SSH. */
async function whenRead(part: string): Promise<void> {
  while (!existsSync(sshWords(site)) || !readFileSync(sshWords(site), "utf8").includes(part)) await pause(5);
}

type Report = z.infer<typeof verifyShape>;

async function verify(...words: string[]): Promise<{ code: number | null; report: Report; stderr: string }> {
  const { code, stdout, stderr } = await run([...words, "--json"]);
  const { message_type: _type, ...value } = z.looseObject({}).parse(JSON.parse(stdout));
  return { code, report: verifyShape.parse(value), stderr };
}

/** Results and problems by archive. */
function results({ report }: { report: Report }): Record<string, [string, string]> {
  const [prod] = report.environments ?? [];
  if (prod === undefined || "error" in prod) throw new Error(JSON.stringify(report));
  return Object.fromEntries(
    prod.archives.map(({ archive, result, problems }) => [archive, [result, problems.join("; ")]]),
  );
}

const missing = ({ report }: { report: Report }): string[] =>
  (report.environments ?? []).flatMap((one) => ("error" in one ? [one.error] : one.missing.map(({ text }) => text)));

test("whole archives: 0, a table, and each with its sum and date in its notes, below what somebody wrote there [G1]", async () => {
  const first = await site.backUp(web.id);
  const second = await site.backUp(db.id, { compress: "0" });
  await site.client.backups.setArchiveNotes(node, first, "before the upgrade\nof November");
  const { code, stdout, stderr } = await run([]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("✓ 2 of 2 archives are whole")]);
  expect(stdout).toMatch(/GUEST +AGE +SIZE +RESULT/u);
  expect(stdout).toMatch(/✓ web +\S.* whole/u);
  expect(stderr).toMatch(/✓ db: backup\/vzdump-lxc-102-/u);
  const sum = createHash("sha256")
    .update(readFileSync(file(first)))
    .digest("hex");
  expect(await notes(first)).toMatch(
    new RegExp(`^before the upgrade\\nof November\\nlifeboat verify \\S+Z sha256:${sum} whole$`, "u"),
  );
  expect(readVerification(await notes(second))).toMatchObject({ damage: undefined });
});

test("a bit in an archive that is not compressed: the recorded sum alone finds it, it is never replaced, and restore takes another [G1, D17]", async () => {
  const older = await site.backUp(web.id);
  const newest = await site.backUp(web.id, { compress: "0" });
  const other = await site.backUp(db.id);
  expect((await verify()).code).toBe(0);
  const recorded = readVerification(await notes(newest))?.sha256;
  const bytes = readFileSync(file(newest));
  const place = Math.floor(bytes.length / 2);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(file(newest), bytes);
  for (const _ of [1, 2]) {
    const found = await verify();
    expect([found.code, results(found)]).toEqual([
      3,
      {
        [newest]: [
          "damaged",
          "its SHA-256 is another than the one recorded when it was first read: its content has changed",
        ],
        [older]: ["whole", ""],
        [other]: ["whole", ""],
      },
    ]);
    expect(found.stderr).toContain(`WARNING: web: ${newest} is damaged\n`);
    expect(readVerification(await notes(newest))).toMatchObject({
      sha256: recorded,
      damage: expect.stringContaining("SHA-256"),
    });
  }
  const plan = await site.lifeboat(["restore", "guest", "web", "--dry-run", "--json"], { env: overSsh });
  const planned = JSON.parse(plan.stdout).plan;
  expect(planned.archive.volid).toBe(older);
  expect(planned.warnings).toContainEqual(expect.stringContaining(`${newest} (`));
  expect(planned.warnings.join()).toContain("is newer and left out: lifeboat verify read it on");
  const status = JSON.parse((await site.lifeboat(["status", "--json"])).stdout);
  const guest = status.environments[0].guests.find(({ name }: { name: string }) => name === "web");
  expect(guest.newest).toMatchObject({ archive: older, verified: expect.any(Number) });
  expect(guest.problems).toContainEqual(
    expect.stringMatching(new RegExp(`^${newest} counts as no backup: lifeboat verify read it on .*SHA-256`, "u")),
  );
  expect((await site.lifeboat(["status"])).stdout).toMatch(/VERIFIED.*\n.* web .* just now/u);
  const listed = JSON.parse((await site.lifeboat(["backups", "web", "--json"])).stdout);
  expect(listed.backups[0]).toMatchObject({
    archive: newest,
    doubt: expect.stringContaining("lifeboat verify read it"),
  });
});

test("each kind of damage is named, with its guest and its archive [G1]", async () => {
  const cut = await site.backUp(web.id);
  const empty = await site.backUp(web.id);
  const unlogged = await site.backUp(web.id);
  const failed = await site.backUp(web.id);
  const future = await site.backUp(web.id);
  const renamed = await site.backUp(web.id);
  const swapped = [await site.backUp(web.id), await site.backUp(db.id)] as const;
  truncateSync(file(cut), Math.floor(readFileSync(file(cut)).length / 2));
  writeFileSync(file(empty), "");
  const logOf = (volid: string): string => file(volid).replace(/\.tar.*$/u, ".log");
  rmSync(logOf(unlogged));
  appendFileSync(logOf(failed), "2026-11-20 01:00:00 ERROR: Backup of VM 101 failed - no space left on device\n");
  const later = future.replace(/\d{4}_\d\d_\d\d/u, "2099_01_01");
  renameSync(file(future), file(later));
  const old = renamed.replace("vzdump-lxc", "old-vzdump-lxc");
  renameSync(file(renamed), file(old));
  copyFileSync(file(swapped[0]), join(dump(), "witness"));
  renameSync(file(swapped[1]), file(swapped[0]));
  renameSync(join(dump(), "witness"), file(swapped[1]));
  const found = await verify();
  expect([found.code, results(found)]).toEqual([
    3,
    {
      [cut]: ["damaged", expect.stringContaining("premature end")],
      [empty]: ["damaged", "it is empty"],
      [unlogged]: ["doubtful", "there is no log beside it: what vzdump said of this backup is not known"],
      [failed]: ["damaged", "its log says that the backup failed: no space left on device"],
      [later]: ["doubtful", expect.stringMatching(/^it is dated .* later than the node's clock .*no log beside it/u)],
      [old]: ["doubtful", expect.stringContaining("it was renamed: its name is none that vzdump gives")],
      [swapped[0]]: [
        "damaged",
        expect.stringContaining("its name says that it is of guest 101, and guest 102 is inside"),
      ],
      [swapped[1]]: [
        "damaged",
        expect.stringContaining("its name says that it is of guest 102, and guest 101 is inside"),
      ],
    },
  ]);
  expect(found.stderr).toContain(`WARNING: db: ${swapped[1]} is damaged`);
});

test("of one guest alone; an archive of nobody's guest is verified with the others, and none at all is missing [G1]", async () => {
  const own = await site.backUp(web.id);
  const left = own.replace("-101-", "-777-");
  copyFileSync(file(own), file(left));
  expect(Object.keys(results(await verify("--guest", "web")))).toEqual([own]);
  const all = await verify();
  expect(results(all)[left]?.[1]).toContain("its name says that it is of guest 777, and guest 101 is inside");
  expect([all.code, missing(all)]).toEqual([3, ["no archive of db is there"]]);
  rmSync(file(left));
});

test("without SSH, or refused: not seen, with the reason, 3, and never called damaged [K6, G1]", async () => {
  const own = await site.backUp(web.id);
  await site.backUp(db.id);
  const refused = await run(["--json"], { env: { SSH_FAILS: "1" } });
  expect([refused.code, JSON.parse(refused.stdout).environments[0].archives[0]]).toEqual([
    3,
    expect.objectContaining({ result: "unseen", problems: [expect.stringContaining("Permission denied")] }),
  ]);
  const text = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", text.replace(", ssh: { user: root, port: 2222 }", ""));
  const without = await run([]);
  const one = await run(["--guest", "web"]);
  site.write("Pulumi.twin.yaml", site.read("Pulumi.prod.yaml"));
  const twice = await site.lifeboat(["verify", "--guest", "prod/web", "twin/db"], { env: overSsh });
  rmSync(join(site.project, "Pulumi.twin.yaml"));
  site.write("Pulumi.prod.yaml", text);
  expect([one.code, one.stdout]).toEqual([
    3,
    expect.stringMatching(/! web +.*not seen\n.*\n +no SSH to the node is set up/u),
  ]);
  // What keeps several from being seen is told once for all of them.
  expect([without.code, without.stdout.match(/no SSH to the node is set up/gu)]).toEqual([
    3,
    ["no SSH to the node is set up"],
  ]);
  expect(without.stdout).toMatch(/^! 2 archives not seen: no SSH/mu);
  expect(without.stderr).toMatch(/^! web: backup\/vzdump-lxc-101-/mu);
  expect(without.stderr).toMatch(/^! read 0 of 2 archives \(/mu);
  expect(without.stderr).not.toMatch(/✗|✓ read/u);
  expect(twice.stderr.match(/^HINT: .*/gmu)).toEqual([
    "HINT: let Lifeboat read archives on the node: proxmox.ssh in Pulumi.prod.yaml, Pulumi.twin.yaml, as docs/guides/verify.md says",
  ]);
  expect(await notes(own)).toBe("");
});

test("notes that may not be written: verified all the same, and said why it is not recorded [G1]", async () => {
  await site.backUp(web.id);
  await site.backUp(db.id);
  await site.fault("answer-595", { path: "PUT /nodes/.*/content/" });
  const found = await verify("--guest", "web");
  await site.clearFaults();
  const [prod] = found.report.environments ?? [];
  expect(prod).toMatchObject({ archives: [{ result: "whole", notRecorded: expect.stringMatching(/\S/u) }] });
});

test("the longest unverified first, and nothing new after the time is up [G1]", async () => {
  const [a, b, c] = [await site.backUp(web.id), await site.backUp(web.id), await site.backUp(db.id)];
  const none = await verify("--for", "0s");
  // Nothing was read: a timer with too short a time is not to be green for ever.
  expect([none.code, none.report.environments]).toEqual([3, [expect.objectContaining({ archives: [], left: 3 })]]);
  const page = await run(["--for", "0s"]);
  expect([page.code, page.stdout]).toEqual([3, expect.stringContaining("! no archive was read\n3 archives were left")]);
  await verify("--guest", "db");
  site.write("Pulumi.twin.yaml", site.read("Pulumi.prod.yaml"));
  const twice = await site.lifeboat(["verify", "--for", "1h", "--guest", "prod/db", "twin/web"], { env: overSsh });
  rmSync(join(site.project, "Pulumi.twin.yaml"));
  // Not the first environment, but the one whose archives wait the longest.
  expect(twice.stderr).toMatch(/ web: backup[^]* db: backup/u);
  expect(twice.stdout).toMatch(/prod\n[^]*twin\n/u);
  await verify("--guest", "db");
  await site.control({ command: "clock", offset: 90 * 3_600 });
  await verify("--guest", "web");
  // The two of one run are read at the same time: which of them is recorded in an earlier second is not told.
  const [first, ...rest] = Object.keys(results(await verify()));
  expect([first, rest.toSorted()]).toEqual([c, [a, b].toSorted()]);
});

test("an archive of a backup that is at work is still being written, and nothing is recorded; an older one is damaged for all that [G1]", async () => {
  const own = await site.backUp(web.id);
  await site.backUp(db.id);
  truncateSync(file(own), 1000);
  await site.fault("task-waits", { type: "vzdump" });
  const running = await site.client.backups.vzdump(node, web.id, { storage: "backup" });
  const younger = own.replace(/\d{4}_\d\d_\d\d/u, "2099_01_01");
  copyFileSync(file(own), file(younger));
  const found = await verify("--guest", "web");
  await site.clearFaults();
  await site.client.tasks.wait(running);
  expect([found.code, results(found)]).toEqual([
    3,
    {
      [younger]: ["writing", "it is still being written"],
      [own]: ["damaged", expect.stringContaining("premature end")],
    },
  ]);
  expect(await notes(younger)).toBe("");
  rmSync(file(younger));
});

test("a date in the notes that is still to come makes no archive the last one [G1]", async () => {
  const [forged, other] = [await site.backUp(web.id), await site.backUp(web.id)];
  await verify("--guest", "web");
  const line = await notes(forged);
  await site.client.backups.setArchiveNotes(node, forged, line.replace(/\d{4}-\d\d-\d\dT/u, "2099-01-01T"));
  expect(Object.keys(results(await verify("--guest", "web")))).toEqual([forged, other]);
});

test("Ctrl-C: what was found until then is printed and recorded; nothing is left running, and the next run goes on [K4, G1]", async () => {
  const [first, second] = [await site.backUp(web.id), await site.backUp(db.id)];
  const endless = first.replace("-101-", "-999-").replace(".zst", "");
  writeFileSync(file(endless), "");
  truncateSync(file(endless), 4 * 1024 ** 4);
  let isPressed = false;
  const stopped = await run(["--json"], {
    onError: (text, command) => {
      if (isPressed || !/. web: /u.test(text) || !/. db: /u.test(text)) return;
      isPressed = true;
      void whenRead("-999-").then(() => command.signal("SIGINT"));
    },
  });
  const [result, error] = stopped.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect([stopped.code, error.message_type, result.interrupted]).toEqual([130, "error", true]);
  expect(result.environments[0]).toMatchObject({ left: 1 });
  expect(readVerification(await notes(first))?.sha256).toMatch(/\S/u);
  expect(readVerification(await notes(second))?.sha256).toMatch(/\S/u);
  rmSync(file(endless));
});

/** Whether a process on this machine reads an archive. */
function isRead(part: string): boolean {
  return readdirSync("/proc").some((pid) => {
    try {
      return (
        /^\d+$/u.test(pid) &&
        readFileSync(`/proc/${pid}/cmdline`, "utf8")
          .split("\0")
          .some((word) => word.endsWith(part))
      );
    } catch {
      return false;
    }
  });
}

test.each([0, 1, 2])(
  "killed by SIGKILL after %i of three archives: what reads on the node ends with it, what was found is recorded, and the next run does the rest [K4, G1]",
  async (reads) => {
    const own = [await site.backUp(web.id), await site.backUp(db.id)];
    const endless = (own[0] ?? "").replace("-101-", "-999-").replace(".zst", "");
    writeFileSync(file(endless), "");
    truncateSync(file(endless), 4 * 1024 ** 4);
    rmSync(sshWords(site), { force: true });
    let said = "";
    let isKilled = false;
    const killed = await run([], {
      asProcess: true,
      onError: (text, command) => {
        said += text;
        if (isKilled || [/. web: /u, /. db: /u].filter((line) => line.test(said)).length < reads) return;
        isKilled = true;
        void whenRead(reads === 2 ? "-999-" : "vzdump-").then(() => command.signal("SIGKILL"));
      },
    });
    expect(killed.code).toBe(null);
    const names = [...own, endless].map((volid) => volid.slice(volid.indexOf("vzdump")));
    while (names.some(isRead)) await pause(5);
    const marks = await Promise.all(own.map(async (volid) => readVerification(await notes(volid))));
    expect(marks.filter((mark) => mark !== undefined).length).toBeGreaterThanOrEqual(reads);
    expect(marks.flatMap((mark) => mark?.damage ?? [])).toEqual([]);
    truncateSync(file(endless), 0);
    const again = await verify();
    // What nobody has read yet comes first.
    if (reads === 2) expect(Object.keys(results(again))[0]).toBe(endless);
    expect(results(again)).toMatchObject(Object.fromEntries(own.map((volid) => [volid, ["whole", ""]])));
    for (const volid of own) expect(readVerification(await notes(volid))?.sha256).toMatch(/\S/u);
    rmSync(file(endless));
  },
);

test("mistakes in the command line: 2, by the names that were typed [K2]", async () => {
  for (const [words, why] of [
    [["--for", "soon"], "--for: 'soon' is no duration"],
    [["--state", "--guest", "web"], "--guest is about archives"],
    [["--guest", "mail"], "mail"],
  ] as const) {
    const { code, stderr } = await run(words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  }
});

test("the program for a node is printed as it runs [G1]", async () => {
  const { code, stdout } = await site.lifeboat(["verify", "--print-node-command"]);
  expect([code, stdout]).toEqual([0, nodeProgram]);
  const { stdout: json } = await site.lifeboat(["verify", "--print-node-command", "--json"]);
  expect(JSON.parse(json)).toMatchObject({ program: nodeProgram });
});

test("archives and states in one run: where nobody can look at the states, the archives are verified and the code is the states' [G1]", async () => {
  await site.backUp(web.id);
  await site.backUp(db.id);
  const { code, stdout, stderr } = await site.lifeboat(["verify"], { env: overSsh });
  expect([code, stdout]).toEqual([12, expect.stringContaining("2 of 2 archives are whole")]);
  expect(stderr).toContain("WARNING: the states were not checked: no passphrase is set");
});
