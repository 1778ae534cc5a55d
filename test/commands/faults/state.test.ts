import { rmSync } from "node:fs";
import { join } from "node:path";
import { StateSite } from "../state/state-site";
import { putUpdate } from "../state/states";
import { impatiently } from "../support/kit";
import type { RunResult } from "../support/run-bundle";
import { stateFaults, type StateScene } from "./cases/state";
import { errorOf } from "./fault-case";

/** Every fault of states on one site, which begins anew for each. */

let site: StateSite;
const names = ["lab", "prod", "monitoring"] as const;

beforeAll(async () => {
  site = await StateSite.start();
});
afterAll(() => site.stop());

async function prepare(): Promise<StateScene> {
  for (const folder of ["state", "data"]) rmSync(join(site.folder, folder), { recursive: true, force: true });
  await site.store.open();
  site.store.failWith = undefined;
  site.store.hangs = false;
  site.store.stopsIn = undefined;
  for (const name of names) {
    site.store.dropBucket(`lifeboat-state-${name}`);
    site.store.makeBucket(`lifeboat-state-${name}`);
  }
  site.offsite.dropBucket("copies");
  site.offsite.makeBucket("copies");
  for (const nanos of [60_000, 120_000]) putUpdate(site, "prod", nanos);
  const lifeboat: StateScene["lifeboat"] = (command) => site.lifeboat(command.split(" "));
  for (const to of ["", " --to offsite"]) expect(await lifeboat(`backup state prod${to}`)).toMatchObject({ code: 0 });
  return { site, before: site.bucket("prod"), lifeboat, impatiently };
}

/** The error, or what a look has found to be wrong, line by line; what differs from run to run is taken out. */
function saidBy(result: RunResult): string {
  const found = result.stdout.split("\n").filter((line) => /^ {4}|^ {2}✗.*there is no copy/u.test(line));
  return (errorOf(result) || found.join("\n"))
    .replaceAll(site.store.endpoint, "https://192.0.2.132:9000")
    .replaceAll(` at ${site.offsite.endpoint}`, "")
    .replaceAll(site.folder, "/home/ops")
    .replace(/(?<=version )[0-9a-f-]{36}/gu, "ID")
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+Z)?/gu, "TIME")
    .replace(/\d+(?:\.\d+)? (?:B|KiB)\b/gu, "N KiB")
    .replace(/[ \t]*\n[ \t]*/gu, "\n")
    .trim();
}

test.each(stateFaults.map((one) => ({ title: one.fault, one })))("$title [E6, G1, K2]", async ({ one }) => {
  const scene = await prepare();
  const result = await one.run(scene);
  expect({ exitCode: result.code, message: saidBy(result) }).toEqual({ exitCode: one.exitCode, message: one.message });
  for (const { check } of one.afterwards) await check(scene);
});
