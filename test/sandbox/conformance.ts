/**
 * Does the emulator answer as Proxmox does? Replays recordings of the real API against it and checks golden files:
 *
 *     npm run conformance -- [--fixture FIXTURE] [--min PERCENT] [FILE…]
 *
 * Of a recording a share has to agree; of its exchanges about privileges (recording.ts says which these are) every one,
 * whatever `--min` says.
 *
 * Without files: what lies in `../shared/pve-api`, next to the project; where that is missing nothing is checked, and
 * the command says so. Exit status: 0 all agree well enough, 1 not, 2 wrong usage.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { MemoryDriver } from "./drivers/memory";
import { MemoryMachines } from "./drivers/memory-machines";
import { checkGoldenFile, isGoldenFile } from "./golden";
import { parseFixture } from "./model/fixture";
import { comparePrivileges } from "./recording";
import { serveControl } from "./server/control";
import { controlHandler } from "./server/control-handler";
import { SiteServer } from "./server/site-server";
import { typeScript } from "./machine/type-script";

const PROJECT = resolve(__dirname, "..", "..");
const SHARED = join(PROJECT, "..", "shared");
const API = join(SHARED, "pve-api");
const REPLAY = join(SHARED, "tools", "pve-replay");

/** Share of a recording that has to agree, in percent, unless told otherwise. */
const NEEDED = 98;

/** Most differences of one recording that are printed. */
const SHOWN = 25;

/** One file to check. */
interface Check {
  file: string;
  /** Start-up state of a recording. */
  fixture: string;
  needed: number;
  /** The recording is known to hold exchanges about privileges: without any, what tells them has changed. */
  tellsPrivileges?: true;
}

interface Outcome {
  file: string;
  /** How long the comparison took. */
  seconds: number;
  matching: number;
  total: number;
  percent: number;
  needed: number;
  /** Of the exchanges about privileges: how many there are, and how many differ. */
  privileges: { total: number; differing: number };
  differences: string[];
}

type Comparison = Omit<Outcome, "seconds">;

class UsageError extends Error {}

/** The recordings and golden files that every run checks. */
function standardChecks(): Check[] {
  const recorded = (name: string): string => join(API, "recorded", name);
  const golden = readdirSync(API)
    .filter((name) => isGoldenFile(name))
    .sort();
  return [
    { file: recorded("auth.ndjson"), fixture: recorded("fixture.json"), needed: NEEDED },
    { file: recorded("backup_restore.ndjson"), fixture: recorded("fixture.json"), needed: NEEDED },
    { file: recorded("crud.ndjson"), fixture: recorded("fixture.json"), needed: NEEDED },
    {
      file: recorded("machines.ndjson"),
      fixture: recorded("machines-fixture.json"),
      needed: NEEDED,
      tellsPrivileges: true,
    },
    { file: recorded("provider.ndjson"), fixture: recorded("provider-fixture.json"), needed: NEEDED },
    ...golden.map((name) => ({ file: join(API, name), fixture: "", needed: 100 })),
  ];
}

function givenChecks(files: readonly string[], fixture: string | undefined, least: number | undefined): Check[] {
  return files.map((given) => {
    const file = resolve(given);
    if (!existsSync(file)) throw new UsageError(`${given}: there is no such file`);
    const state = fixture === undefined ? usualFixture(file) : resolve(fixture);
    const isGolden = isGoldenFile(file);
    if (!isGolden && !existsSync(state)) throw new UsageError(`${state}: there is no such fixture`);
    return { file, fixture: state, needed: least ?? (isGolden ? 100 : NEEDED) };
  });
}

/** A recording's own fixture lies beside it: `machines-fixture.json`; the others share one. */
function usualFixture(file: string): string {
  const own = join(API, "recorded", basename(file).replace(/\.ndjson$/, "-fixture.json"));
  return existsSync(own) ? own : join(API, "recorded", "fixture.json");
}

function parseCommandLine(args: readonly string[]): Check[] {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { fixture: { type: "string" }, min: { type: "string" } },
    allowPositionals: true,
  });
  const least = values.min === undefined ? undefined : Number(values.min);
  if (least !== undefined && !(least >= 0 && least <= 100)) throw new UsageError("--min needs a number from 0 to 100");
  if (positionals.length > 0) return givenChecks(positionals, values.fixture, least);
  if (values.fixture !== undefined) throw new UsageError("--fixture needs a recording");
  if (!existsSync(API)) return [];
  return standardChecks().map((check) => ({ ...check, needed: least ?? check.needed }));
}

function checkGolden({ file, needed }: Check): Comparison {
  const { passed, failed, failures } = checkGoldenFile(file);
  const privileges = { total: 0, differing: 0 };
  return { file, ...share(passed, passed + failed), needed, privileges, differences: [...failures] };
}

function share(matching: number, total: number): Pick<Comparison, "matching" | "total" | "percent"> {
  return { matching, total, percent: total === 0 ? 0 : Math.floor((matching * 10000) / total) / 100 };
}

const replayed = z.object({
  files: z.array(
    z.object({
      total: z.number(),
      matching: z.number(),
      mismatches: z.array(
        z.object({
          line: z.number(),
          method: z.string(),
          path: z.string(),
          kind: z.string(),
          where: z.string(),
          expected: z.unknown().optional(),
          got: z.unknown().optional(),
        }),
      ),
    }),
  ),
});

type Mismatch = z.infer<typeof replayed>["files"][number]["mismatches"][number];

function short(value: unknown): string {
  return (JSON.stringify(value) ?? "(absent)").slice(0, 160);
}

function describe({ line, method, path, kind, where, expected, got }: Mismatch): string {
  return `${String(line)}: ${method} ${path}: ${kind}: ${where}: expected ${short(expected)}, got ${short(got)}`;
}

/** As on the nodes that the recordings were made on: no machine could be started there. */
class MachinesWithoutKvm extends MemoryMachines {
  override start(): Promise<void> {
    return Promise.reject(new Error("QEMU exited with code 1"));
  }
}

/** Replays a recording against an emulator of its own, which is gone afterwards. */
async function replay({ file, fixture, needed, tellsPrivileges }: Check): Promise<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  const { nodes } = parseFixture(readFileSync(fixture, "utf8")).clusters[0] ?? { nodes: [] };
  const node = nodes[0]?.node ?? "pve";
  const server = await SiteServer.start({
    folder,
    driver: new MemoryDriver(new MachinesWithoutKvm()),
    listen: [{ node, address: "127.0.0.1", port: 0 }],
    unauthorizedDelay: 20,
    statistics: false,
  });
  const control = await serveControl(
    folder,
    controlHandler(server, () => undefined),
  );
  try {
    const answer = replayed.parse(JSON.parse(await runReplay(server.url(node), folder, fixture, file)));
    const result = answer.files[0];
    if (result === undefined) throw new Error(`${file}: pve-replay told nothing`);
    const privileges = comparePrivileges(readFileSync(file, "utf8"), result.mismatches);
    if (tellsPrivileges === true && privileges.total === 0) throw new Error(`${file} tells nothing of privileges`);
    // What must hold comes first, so that it is not among those that are left out.
    const differences = [
      ...result.mismatches.filter(privileges.isOne),
      ...result.mismatches.filter((one) => !privileges.isOne(one)),
    ];
    const { total, differing } = privileges;
    return {
      file,
      ...share(result.matching, result.total),
      needed,
      privileges: { total, differing },
      differences: differences.map(describe),
    };
  } finally {
    await control.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Output of pve-replay. It runs our control command for resets and for files that change on the node itself. */
function runReplay(base: string, folder: string, fixture: string, file: string): Promise<string> {
  const program = [...typeScript(PROJECT, "test/sandbox/server/control-command.ts"), folder];
  const command = program.map(shellWord).join(" ");
  const given = ["--json", "--insecure", "--base", base, "--credentials", fixture, "--fixture", fixture];
  const commands = ["--reset", `${command} reset ${shellWord(fixture)}`, "--write", `${command} write`];
  const child = spawn(process.execPath, [REPLAY, ...given, ...commands, file], {
    cwd: PROJECT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolveOutput, reject) => {
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 2) reject(new Error(`pve-replay could not replay ${file}`));
      else resolveOutput(output);
    });
  });
}

function printTable(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map((outcome) => [
    basename(outcome.file),
    String(outcome.matching),
    String(outcome.total),
    outcome.percent.toFixed(2),
    String(outcome.needed),
    outcome.privileges.total === 0
      ? ""
      : `${outcome.privileges.total - outcome.privileges.differing} of ${outcome.privileges.total}`,
    agrees(outcome) ? "ok" : "FAILED",
  ]);
  const table = [["file", "matched", "of", "per cent", "needed", "privileges", ""], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table) {
    const cells = row.map((cell, column) =>
      column === 0 || column === 6 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(cells.join("  ").trimEnd());
  }
}

async function compare(check: Check): Promise<Outcome> {
  const started = performance.now();
  const compared = isGoldenFile(check.file) ? checkGolden(check) : await replay(check);
  return { ...compared, seconds: (performance.now() - started) / 1000 };
}

/**
 * Writes how many exchanges and golden cases were compared into the file that LIFEBOAT_TEST_REPORT names, for `.ci/run`. What
 * differs in a recording that agrees well enough counts neither way; it is printed.
 */
function report(outcomes: readonly Outcome[], skipped: readonly string[]): void {
  const file = process.env.LIFEBOAT_TEST_REPORT;
  if (file === undefined || file === "") return;
  const sum = (count: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0);
  const counted = {
    complete: true,
    passed: sum(({ matching }) => matching),
    failed: sum((outcome) => (agrees(outcome) ? 0 : outcome.total - outcome.matching)),
    skipped: skipped.map((title) => ({ file: "test/sandbox/conformance.ts", title })),
    files: outcomes.map(({ file: compared, seconds }) => ({ file: basename(compared), seconds })),
  };
  writeFileSync(file, JSON.stringify(counted));
}

function agrees({ percent, needed, privileges }: Outcome): boolean {
  return percent >= needed && privileges.differing === 0;
}

async function main(): Promise<number> {
  const checks = parseCommandLine(process.argv.slice(2));
  const hasRecordings = checks.some(({ file }) => !isGoldenFile(file));
  if (checks.length === 0 || (hasRecordings && !existsSync(REPLAY))) {
    console.log("conformance: skipped, because ../shared with the recordings and pve-replay is not here");
    report([], ["recordings and golden files"]);
    return 0;
  }
  const outcomes: Outcome[] = [];
  for (const check of checks) outcomes.push(await compare(check));
  for (const { file, differences } of outcomes) {
    for (const difference of differences.slice(0, SHOWN)) console.error(`${basename(file)}:${difference}`);
    if (differences.length > SHOWN) console.error(`${basename(file)}: and ${differences.length - SHOWN} more`);
  }
  printTable(outcomes);
  report(outcomes, []);
  return outcomes.every(agrees) ? 0 : 1;
}

main()
  .then((status) => {
    process.exitCode = status;
  })
  .catch((failure: unknown) => {
    console.error(`conformance: ${failure instanceof Error ? failure.message : String(failure)}`);
    const isUsage = failure instanceof UsageError || (failure instanceof TypeError && "code" in failure);
    process.exitCode = isUsage ? 2 : 1;
  });
