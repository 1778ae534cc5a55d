import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { drillDataShape } from "../../../scripts/recovery/drill-data/shape";
import { placesOf } from "../../../site/data/places";
import { node, RestoreSite } from "../restore/restore-site";
import { GuestProgram } from "../support/site/guest-program";

/** `lifeboat drill data` of what a command has printed. Databases are in the rehearsal. */

let site: RestoreSite;
let guest: GuestProgram;
let env: Record<string, string>;
const names = ["other", "sealed"] as const;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  guest = new GuestProgram(site, node, "web");
  const command = `cat ${guest.path("/content")}`;
  const check = `grep -q kept && ! test -e ${guest.path("/refuse")}`;
  const folder = guest.path("/var/backups/lifeboat");
  const own = { kind: "command", command, check, folder, by: "node" } as const;
  const data = Object.fromEntries(names.map((name) => [name, own]));
  site.write(
    "Pulumi.prod.yaml",
    site.read("Pulumi.prod.yaml").replace(/^( +)(network: .*)$/mu, `$1$2\n$1data: ${JSON.stringify(data)}`),
  );
  const keep = { daily: 7, weekly: 4, monthly: 12 };
  for (const name of names) {
    guest.declare({ ...own, name, at: "03:00", keep, recipients: [], shrink: 50, minimum: 1, enabled: true });
  }
  writeFileSync(guest.path("/content"), "what is to be kept");
  env = { PATH: `${guest.bin}:${site.env["PATH"] ?? process.env["PATH"] ?? ""}` };
});

afterAll(() => site.stop());

async function drill(...words: readonly string[]) {
  const { stdout, stderr, code } = await site.lifeboat(["drill", "data", ...words, "--json"], { env });
  const { message_type: _type, ...value } = z.looseObject({}).parse(JSON.parse(stdout));
  return { code, stderr, sources: drillDataShape.parse(value).sources };
}

async function dump(source: string): Promise<void> {
  const { stdout, code } = await site.lifeboat(["backup", "data", "web", source, "--json"], { env });
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    { guest: "prod/web", sources: [{ source, result: "success" }] },
  ]);
}

async function sources() {
  const { stdout } = await site.lifeboat(["data", "web", "--json"], { env });
  const known = z.object({ sources: z.array(z.object({ drill: z.unknown(), problem: z.unknown() })) });
  return known.parse(JSON.parse(stdout)).sources;
}

test("a source without a dump is not proven, and nothing is kept of it [G2]", async () => {
  const { code, sources: found } = await drill();
  expect(code).toBe(3);
  expect(found.map(({ source, result, dump: name, reasons }) => [source, result, name, reasons])).toEqual(
    names.map((name) => [name, "failed", null, ["there is none"]]),
  );
  expect((await sources()).map((one) => one.drill)).toEqual([null, null]);
});

test("the newest dump is restored, and what was found is known in the guest, the history and the log [G2]", async () => {
  for (const name of names) await dump(name);
  const { code, sources: found } = await drill();
  expect(code).toBe(0);
  expect(found).toEqual(
    names.map((source) =>
      expect.objectContaining({
        guest: "prod/web",
        source,
        result: "proven",
        dump: expect.stringMatching(new RegExp(`/command/${source}-\\d{6}Z$`, "u")),
        reasons: [],
        asked: null,
      }),
    ),
  );
  expect(await sources()).toEqual(
    found.map((one) => ({
      problem: null,
      drill: expect.objectContaining({ proven: true, dump: one.dump, why: "" }),
    })),
  );
  const kept = readFileSync(join(site.stateFolder(), "dump-drills.ndjson"), "utf8").trim().split("\n");
  expect(kept.map((line) => z.looseObject({}).parse(JSON.parse(line)))).toEqual(
    found.map((one) => expect.objectContaining({ source: one.source, dump: one.dump, proven: true })),
  );
  const log = readFileSync(guest.path(placesOf("sealed").log), "utf8")
    .trim()
    .split("\n")
    .at(-1);
  expect(log).toMatch(/^\S+ PROVEN \S+\/sealed-\d{6}Z by a drill$/u);
  const { stdout } = await site.lifeboat(["status", "prod"], { env });
  expect(stdout).toMatch(/dump +web\/sealed: .*; drilled just now$/mu);
});

test("one that does not stand the drill is told by its reason, by status and data too, and not the other [G2]", async () => {
  writeFileSync(guest.path("/refuse"), "");
  const { code, sources: found } = await drill("web", "sealed");
  expect(code).toBe(3);
  expect(found).toMatchObject([
    { source: "sealed", result: "failed", reasons: [expect.stringMatching(/check refuses it/u)] },
  ]);
  const [other, sealed] = await sources();
  expect(other).toMatchObject({ problem: null, drill: { proven: true } });
  expect(sealed).toMatchObject({
    problem: expect.stringMatching(/^the last drill has not proven \S+: .*check refuses it/u),
    drill: { proven: false },
  });
  const mend =
    "make another dump, and drill it: lifeboat backup data prod/web sealed && lifeboat drill data prod/web sealed";
  expect((await site.lifeboat(["status", "prod"], { env })).stdout.replace(/\s+/gu, " ")).toContain(`; to ${mend}`);
  expect((await site.lifeboat(["data", "web"], { env })).stderr).toContain(`HINT: ${mend}`);
  rmSync(guest.path("/refuse"));
  expect((await drill("web", "sealed")).code).toBe(0);
  expect((await sources())[1]).toMatchObject({ problem: null, drill: { proven: true, why: "" } });
});

test("a guest that cannot be reached was not tried: what was found before stays [G2, K6]", async () => {
  const { stdout, code } = await site.lifeboat(["drill", "data", "web", "sealed", "--json"], {
    env: { PATH: process.env["PATH"] ?? "" },
  });
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ sources: [{ source: "sealed", result: "not tried", dump: null }] });
  expect((await sources())[1]).toMatchObject({ drill: { proven: true } });
});

/** Folder of a dump in the guest. */
function place(dump: string | null | undefined): string {
  return guest.path(`/var/backups/lifeboat/${dump ?? ""}`);
}

test("a damaged dump is red, and no older one is taken in its place [G2]", async () => {
  const [newest] = (await drill("web", "sealed")).sources;
  const older = "2026-01-02/command/sealed-030000Z";
  cpSync(place(newest?.dump), place(older), { recursive: true });
  const manifest = readFileSync(join(place(older), "manifest.json"), "utf8");
  writeFileSync(join(place(older), "manifest.json"), manifest.replace(newest?.dump ?? "", older));
  const file = join(place(newest?.dump), "item-1.dump.zst");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, -1));
  expect((await drill("web", "sealed")).sources).toMatchObject([
    { result: "failed", dump: newest?.dump, reasons: ["it has lost a part"] },
  ]);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(file, bytes);
  expect((await drill("web", "sealed")).sources).toMatchObject([{ result: "failed", dump: newest?.dump }]);
  rmSync(place(newest?.dump), { recursive: true });
  expect((await drill("web", "sealed")).sources).toMatchObject([{ result: "proven", dump: older }]);
});

test("words that fit nothing are refused [K2]", async () => {
  expect((await site.lifeboat(["drill", "data", "web", "absent"], { env })).code).toBe(2);
  expect((await site.lifeboat(["drill", "data", "web", "--env", "prod"], { env })).code).toBe(2);
});
