import { appendFileSync, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { verifyShape } from "../../../scripts/inspect/verify/shape";
import * as z from "zod";
import { readVerification } from "../../../site/restore/verification-record";
import { node, RestoreSite } from "../restore/restore-site";
import { requireSuccess } from "../support/kit";
import { logInToNode, nodeShell, sshWords } from "../support/site/node-ssh";

/** Two guests that a nightly job backs up; in the beginning nothing was ever. */
let site: RestoreSite;
let env: Record<string, string>;

const ids = [101, 102];
const day = 86_400_000;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
  mkdirSync(site.nodePath(node, "mnt/backup/dump"), { recursive: true });
  logInToNode(site);
  env = { PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? ""}` };
  const job = { id: "lifeboat-prod", schedule: "01:00", storage: "backup", vmid: ids.join(","), enabled: true };
  const root = site.rootClient();
  await root.post(["cluster", "backup"], { ...job, "prune-backups": "keep-daily=7" });
  await root.close();
});

afterAll(() => site.stop());

const verify = (...words: string[]) => verifyWith(env, ...words);

async function verifyWith(variables: Record<string, string>, ...words: string[]) {
  const argv = ["verify", "prod", "--archives", "--json", ...words];
  const { code, stdout } = await site.lifeboat(argv, { env: variables });
  const { message_type: _type, ...value } = z.looseObject({}).parse(JSON.parse(stdout));
  const [report] = verifyShape.parse(value).environments ?? [];
  if (report === undefined || "error" in report) throw new Error(stdout);
  return { code, report };
}

/** What `status` says of guests, by name, and of the environment. */
async function status(): Promise<{ web: string[]; problems: string[] }> {
  const [found] = JSON.parse((await site.lifeboat(["status", "--json"])).stdout).environments;
  return { web: found.guests.find(({ name }: { name: string }) => name === "web").problems, problems: found.problems };
}

/** The node's clock says so from now on. */
async function setClock(time: number): Promise<void> {
  await site.control({ command: "clock", offset: Math.round((time - Date.now()) / 1_000) });
}

/** A backup by the clock that was set: what hour it is where the test runs decides nothing. */
async function backUp(vmid: number, parameters: Record<string, string> = {}): Promise<void> {
  const request = { storage: "backup", ...parameters };
  requireSuccess(await site.client.tasks.wait(await site.client.backups.vzdump(node, vmid, request)));
}

function file(volid: string): string {
  return site.nodePath(node, `mnt/backup/dump/${volid.slice(volid.indexOf("/") + 1)}`);
}

test("a storage that shows no backup at all: verify and status both say that it is not known, and both say never where it is [G1, K6]", async () => {
  const bare = "backup on pve-prod shows no backup at all: none was made yet, or its disk is not mounted";
  const unknown = await verify();
  expect([unknown.code, unknown.report.missing]).toEqual([3, []]);
  expect(unknown.report.unseen).toEqual([expect.stringContaining(bare)]);
  const told = await status();
  expect(told.problems).toContainEqual(expect.stringContaining(bare));
  expect(told.web).toContain("no backup of it can be seen");
  const root = site.rootClient();
  await root.put(["storage", "backup"], { is_mountpoint: "no" });
  const known = await verify();
  expect([known.code, known.report.unseen]).toEqual([3, []]);
  expect(known.report.missing.map(({ text }) => text)).toEqual([
    "no archive of web is there",
    "no archive of db is there",
  ]);
  expect((await status()).web).toContain("it was never backed up");
  await root.put(["storage", "backup"], { delete: "is_mountpoint" });
  await root.close();
});

test("a night's archive that somebody took away is missing, with its guest: 3 [G1, 004 US5.3]", async () => {
  const today = Math.floor(Date.now() / day) * day;
  for (let ago = 4; ago >= 0; ago -= 1) {
    for (const [place, vmid] of ids.entries()) {
      await setClock(today - ago * day + (61 + place) * 60_000);
      await backUp(vmid);
    }
  }
  await setClock(today + day / 2);
  const whole = await verify();
  expect([whole.code, whole.report.missing, whole.report.archives.length]).toEqual([0, [], 10]);
  const lost = (await site.archives(101))[2]?.volid ?? "";
  for (const name of [file(lost), file(lost).replace(/\.tar.*$/u, ".log")]) rmSync(name, { force: true });
  const { code, report } = await verify();
  const date = new Date(today - 2 * day).toISOString().slice(0, "2026-11-20".length);
  expect([code, report.missing]).toEqual([
    3,
    [
      {
        guest: "web",
        id: 101,
        runs: [today / 1_000 - (2 * day) / 1_000 + 3_600],
        text: `the archive of the run of ${date} 01:00 should be there by schedule and retention, and is not`,
      },
    ],
  ]);
  const page = await site.lifeboat(["verify", "prod", "--archives"], { env });
  expect([page.code, page.stdout.replaceAll(/\s+/gu, " ")]).toEqual([
    3,
    expect.stringContaining(`✗ web: the archive of the run of ${date} 01:00 should be there`),
  ]);
});

test("a storage that cannot be read may hold it: that is not known then, and not missing [G1, K6]", async () => {
  await site.fault("answer-595", { path: "GET /nodes/[^/]+/storage/local/content" });
  const { code, report } = await verify();
  await site.clearFaults();
  expect([code, report.missing]).toEqual([3, []]);
  expect(report.unseen).toEqual([expect.stringContaining("storage local on pve-prod cannot be read")]);
});

test("a storage for backups that no node lists any more may hold them still: not known, and not 'never' or missing [G1, K6]", async () => {
  const root = site.rootClient();
  const definition = { storage: "backup", type: "dir", path: "/mnt/backup", content: "backup" };
  const unlisted = `${node} lists no storage backup with backups: there is none, or the token may not see it`;
  await root.delete(["storage", "backup"]);
  try {
    const { code, report } = await verify();
    expect([code, report]).toMatchObject([3, { archives: [], missing: [], unseen: [unlisted] }]);
    const { web, problems } = await status();
    expect(web).toEqual([`whether it was ever backed up is not known: ${unlisted}`]);
    expect(problems).toContain(unlisted);
  } finally {
    await root.post(["storage"], definition);
    await root.close();
  }
});

test("an archive that somebody writes while no backup runs is doubtful: 3, and nothing is recorded of it [G1, K6]", async () => {
  await backUp(102, { compress: "0" });
  const own = (await site.archives(102))[0]?.volid ?? "";
  truncateSync(file(own), 200 * 1024 ** 2);
  const writing = setInterval(() => appendFileSync(file(own), Buffer.alloc(512)), 5);
  const { code, report } = await verify("--guest", "db");
  clearInterval(writing);
  expect(report.archives.find(({ archive }) => archive === own)).toMatchObject({
    result: "doubtful",
    problems: ["somebody writes to it, and no backup runs on its node"],
    sha256: null,
  });
  const { notes } = await site.client.backups.archiveDetails(node, own);
  expect([code, notes]).toEqual([3, ""]);
});

test("what time it is is asked when archives have been read, which takes hours: what came due meanwhile is missing, what was made is not [G1]", async () => {
  const tomorrow = Math.floor(Date.now() / day) * day + day;
  const held = join(site.folder, "go-on");
  /** The first archive is being read, and nothing else happens, until this is done. */
  const meanwhile = async (work: () => Promise<void>) => {
    rmSync(held, { force: true });
    rmSync(sshWords(site), { force: true });
    const running = verifyWith({ ...env, SSH_HELD: held }, "--guest", "db");
    while (!existsSync(sshWords(site))) await pause(5);
    await work();
    writeFileSync(held, "");
    return running;
  };
  const late = await meanwhile(() => setClock(tomorrow + day / 2));
  const date = new Date(tomorrow).toISOString().slice(0, "2026-11-20".length);
  expect([late.code, late.report.missing.map(({ text }) => text)]).toEqual([
    3,
    [`the archive of the run of ${date} 01:00 should be there by schedule and retention, and is not`],
  ]);
  const [newest] = await site.archives(102);
  const { notes } = await site.client.backups.archiveDetails(node, newest?.volid ?? "");
  expect(readVerification(notes)?.time).toBeGreaterThanOrEqual((tomorrow + day / 2) / 1_000);
  const made = await meanwhile(async () => {
    await setClock(tomorrow + day + 62 * 60_000);
    await backUp(102);
    await setClock(tomorrow + 1.5 * day);
  });
  const after = new Date(tomorrow + day).toISOString().slice(0, "2026-11-20".length);
  expect(made.report.missing.map(({ text }) => text).join()).not.toContain(after);
});
