import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { timed } from "../../support/timed";
import { type DemoSite, expectExit } from "../support/demo-site";
import { obtainToolchain } from "../support/toolchain";
import { type EnvironmentName, environmentNames } from "./loss";

/** One step of the main job: what is done, and what was seen of it. */
export interface Stage {
  /** Ends with the requirements that it shows, which the table of the demo leaves out. */
  title: string;
  /** @returns what was seen, in a few words. @throws Error when it was not what must be seen. */
  run: (site: DemoSite) => Promise<string>;
}

const node = "pve-prod";
const web = { id: 101, address: "192.0.2.101", data: "/srv/demo.txt" };
const text = "written before the loss";

/** What the settings of an example declare. */
interface Declared {
  /** Guest and disk as Proxmox names them → backed up. */
  readonly coverage: Readonly<Record<string, boolean>>;
  /** What the job is by its profile's defaults: nothing in the examples of lab and monitoring says it. */
  readonly schedule: string;
  readonly keep: Readonly<Record<string, string>>;
}

const declared = {
  prod: {
    coverage: { "101:rootfs": true, "101:mp0": true, "101:mp1": false, "102:rootfs": true, "102:mp0": true },
    schedule: "01:00",
    keep: { "keep-daily": "7", "keep-weekly": "4" },
  },
  lab: {
    coverage: { "201:rootfs": true, "201:mp0": false, "201:mp1": true, "203:scsi0": true },
    schedule: "sun 03:00",
    keep: { "keep-last": "3" },
  },
  monitoring: {
    coverage: { "301:rootfs": true, "301:mp0": true, "302:rootfs": true, "302:mp0": true },
    schedule: "02:00",
    keep: { "keep-daily": "7" },
  },
} satisfies Record<EnvironmentName, Declared>;

const restorePoints = z.object({ where: z.string(), points: z.array(z.unknown()) });

const jobAnswer = z.object({ schedule: z.string(), "prune-backups": z.record(z.string(), z.coerce.string()) });

/** The main job, end to end. Each stage stands on the one before. */
export const mainJob: readonly Stage[] = [
  { title: "toolchain", run: toolchain },
  { title: "site up", run: siteUp },
  { title: "lifeboat up [A1, A13, B1, B3, 000 CA11.1]", run: firstUp },
  { title: "lifeboat up again [A1, B3]", run: secondUp },
  { title: "lifeboat restore state prod --list [E1, 004 US2.1]", run: listStates },
  { title: "every job and disk as declared [A2, A3, A4, 002 P3]", run: asDeclared },
  { title: "run the backup job", run: runJob },
  { title: "write a file into web", run: writeFile },
  { title: "lifeboat backup web", run: backUp },
  { title: "destroy web behind Pulumi's back", run: destroy },
  { title: "pulumi up refuses an empty web [A9]", run: refusesEmpty },
  { title: "lifeboat restore guest web [D1, D4, 004 US1.1, 004 EF-004, 004 EF-005]", run: restore },
  { title: "the file is back [D14, 003 AC2, 004 US1.1]", run: fileIsBack },
  { title: "web is in its job again [D14]", run: backInJob },
  { title: "pulumi preview is clean [D11]", run: cleanPreview },
];

/** Takes the site down; nothing of it may be left. */
export const siteDown: Stage = { title: "site down", run: down };

async function toolchain(site: DemoSite): Promise<string> {
  return `${await obtainToolchain(site)} parts`;
}

async function siteUp(site: DemoSite): Promise<string> {
  if (existsSync(join(site.folder, "sandbox.json"))) {
    throw new Error(`a sandbox is up in ${site.folder}: take it down first with \`npm run sandbox -- down\``);
  }
  expectExit(await site.sandbox("up", "--driver", site.driver), [0], "the sandbox");
  return `driver ${site.driver}, node ${node}`;
}

async function firstUp(site: DemoSite): Promise<string> {
  expectExit(await site.inside("lifeboat", "up", "--force"), [0], "lifeboat up");
  const wanted = site.driver === "real" ? "state store" : "default";
  for (const name of environmentNames) {
    const { stdout } = expectExit(await site.inside("lifeboat", "env", name, "--json"), [0], "lifeboat env");
    const { backend } = z.object({ backend: z.string() }).parse(JSON.parse(stdout));
    if (backend !== wanted) throw new Error(`the state of ${name} is in the ${backend}, expected the ${wanted}`);
  }
  return site.driver === "real" ? "three stacks, in the state store" : "three stacks, on this machine";
}

async function secondUp(site: DemoSite): Promise<string> {
  const { stderr, stdout } = expectExit(await site.inside("lifeboat", "up", "--force"), [0], "the second lifeboat up");
  const said = line(`${stdout}\n${stderr}`, /nothing was changed/);
  if (said === undefined) throw new Error(`the second lifeboat up changed something:\n${stdout}${stderr}`);
  for (const name of environmentNames) {
    expectExit(await site.pulumi(name, "preview", "--expect-no-changes"), [0], `pulumi preview of ${name}`);
  }
  return "nothing was changed; every preview is clean";
}

async function listStates(site: DemoSite): Promise<string> {
  const words = ["restore", "state", "prod", "--list", "--json"];
  const { stdout } = expectExit(await site.inside("lifeboat", ...words), [0], "the restore points");
  const { where, points } = restorePoints.parse(JSON.parse(stdout));
  if (points.length === 0) throw new Error(`no restore point: ${stdout}`);
  return `${points.length} ${where.startsWith("/") ? "on this machine" : `in ${where.split(" at ")[0] ?? where}`}`;
}

async function asDeclared(site: DemoSite): Promise<string> {
  for (const name of environmentNames) {
    await expectCoverage(site, name);
    await expectJob(site, name);
  }
  const disks = Object.values(declared).flatMap(({ coverage }) => Object.values(coverage));
  const included = disks.filter(Boolean).length;
  return `3 jobs, ${included} disks in them, ${disks.length - included} opted out`;
}

/** The job of prod, run now. */
export async function runJob(site: DemoSite): Promise<string> {
  const { stdout } = expectExit(await site.byHand("run-job", "prod"), [0], "the job");
  const finished = stdout.split("\n").filter((entry) => entry.includes("Finished Backup of VM"));
  if (finished.length !== 2) throw new Error(`the job backed up ${finished.length} guests, expected 2`);
  return "web and db backed up";
}

function writeFile(site: DemoSite): Promise<string> {
  return writeIntoWeb(site, text);
}

/** Writes a text into a disk of web. */
export async function writeIntoWeb(site: DemoSite, written: string): Promise<string> {
  if (site.driver === "real") {
    expectExit(await site.ssh(web.address, `echo '${written}' > ${web.data} && sync`), [0], "writing over SSH");
    return `${web.data}, over SSH`;
  }
  const [disk] = site.inDisks(node, web.id, "disk-1.raw");
  if (disk === undefined) throw new Error("web has no second disk");
  writeFileSync(join(disk, "demo.txt"), `${written}\n`);
  return `${web.data}, in the folder that stands for the disk`;
}

async function backUp(site: DemoSite): Promise<string> {
  const { stdout } = expectExit(await site.inside("lifeboat", "backup", "web", "--json"), [0], "lifeboat backup");
  const { archive } = z.object({ archive: z.string() }).parse(JSON.parse(stdout));
  return `archive ${/\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d/u.exec(archive)?.[0] ?? archive}`;
}

async function destroy(site: DemoSite): Promise<string> {
  expectExit(await site.byHand("destroy", "web"), [0], "removing web");
  return "gone, with purge from the job";
}

async function refusesEmpty(site: DemoSite): Promise<string> {
  const result = await pulumiUp(site);
  if (result.exitCode === 0) throw new Error("pulumi up made an empty guest over its archives");
  const said = `${result.stdout}\n${result.stderr}`;
  if (!/lifeboat restore guest (prod\/)?web/.test(said)) {
    throw new Error(`pulumi up refused without naming the restore:\n${said.slice(-2000)}`);
  }
  return `refused, exit ${result.exitCode}, names the restore`;
}

async function restore(site: DemoSite): Promise<string> {
  // 3 is "done, and something is left to do": the purge took web out of its job, which the report names.
  const result = await timed("L1", "restoring a container that was lost, with its checks", () =>
    site.inside("lifeboat", "restore", "guest", "web", "--force"),
  );
  expectExit(result, [0, 3], "lifeboat restore");
  return site.driver === "real" ? "restored, answers ping and SSH" : "restored, said to be running";
}

function fileIsBack(site: DemoSite): Promise<string> {
  return expectInWeb(site, text);
}

/** @throws Error when the disk of web holds another text. */
export async function expectInWeb(site: DemoSite, written: string): Promise<string> {
  const found = await readBack(site);
  if (found !== written) throw new Error(`${web.data} holds '${found}', expected '${written}'`);
  return site.driver === "real" ? `${web.data} read over SSH` : `${web.data} read in the folder of the disk`;
}

async function readBack(site: DemoSite): Promise<string> {
  if (site.driver === "real") {
    return expectExit(await site.ssh(web.address, `cat ${web.data}`), [0], "reading over SSH").stdout.trim();
  }
  const [file] = site.inDisks(node, web.id, "/demo.txt");
  return file === undefined ? "" : readFileSync(file, "utf8").trim();
}

async function backInJob(site: DemoSite): Promise<string> {
  expectExit(await pulumiUp(site, "--refresh"), [0], "pulumi up --refresh");
  await expectCoverage(site, "prod");
  return "after the command that the report names";
}

async function cleanPreview(site: DemoSite): Promise<string> {
  const preview = await site.pulumi("prod", "preview", "--refresh", "--expect-no-changes");
  const { stdout, stderr } = expectExit(preview, [0], "pulumi preview");
  // The SDK of the state store's client: a warning for each object, which says nothing to whoever reads the preview.
  const [warning] = `${stdout}${stderr}`.split("\n").filter((line) => /checksum/iu.test(line));
  if (warning !== undefined) throw new Error(`pulumi preview says: ${warning}`);
  return "no changes, also against the node";
}

async function down(site: DemoSite): Promise<string> {
  expectExit(await site.sandbox("down"), [0], "taking the site down");
  if (existsSync(site.folder)) throw new Error(`${site.folder} is still there`);
  return "nothing left";
}

function pulumiUp(site: DemoSite, ...words: string[]): ReturnType<DemoSite["inside"]> {
  return site.pulumi("prod", "up", "--yes", ...words);
}

async function expectCoverage(site: DemoSite, name: EnvironmentName): Promise<void> {
  const { stdout } = expectExit(await site.byHand("coverage", name), [0], "the job's coverage");
  const found = z.record(z.string(), z.boolean()).parse(JSON.parse(stdout));
  const wanted: Readonly<Record<string, boolean>> = declared[name].coverage;
  const wrong = Object.entries(wanted).filter(([disk, included]) => found[disk] !== included);
  if (wrong.length > 0 || Object.keys(found).length !== Object.keys(wanted).length) {
    throw new Error(`the job of ${name} covers ${stdout}, the settings declare ${JSON.stringify(wanted)}`);
  }
}

async function expectJob(site: DemoSite, name: EnvironmentName): Promise<void> {
  const { stdout } = expectExit(await site.byHand("job", name), [0], "the job");
  const { schedule, keep }: Declared = declared[name];
  const found = jobAnswer.parse(JSON.parse(stdout));
  const kept = Object.entries(found["prune-backups"]);
  if (found.schedule !== schedule || kept.length !== Object.keys(keep).length || kept.some(([k, v]) => keep[k] !== v)) {
    throw new Error(`the job of ${name} is ${stdout}, expected ${schedule} and ${JSON.stringify(keep)}`);
  }
}

function line(output: string, pattern: RegExp): string | undefined {
  return output
    .split("\n")
    .find((entry) => pattern.test(entry))
    ?.trim();
}
