import { readdirSync } from "node:fs";
import * as z from "zod";
import { verifyShape } from "../../../scripts/inspect/verify/shape";
import { node, RestoreSite } from "../restore/restore-site";
import { logInToNode, nodeShell } from "../support/site/node-ssh";
import { verifyFaults, type VerifyFault, type VerifyScene } from "./cases/verify";
import { masked } from "./fault-case";

/** Damage that `lifeboat verify` finds, each to a guest of its own. */
let site: RestoreSite;
let env: Record<string, string>;
const guests = verifyFaults.map((_, index) => ({ id: 301 + index, name: `guest${index}x` }));
const other = { id: 401, name: "another" };

beforeAll(async () => {
  site = await RestoreSite.start([...guests, other]);
  logInToNode(site);
  env = { PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? ""}` };
});
afterAll(() => site.stop());

async function verify(name: string): Promise<{ code: number | null; said: string }> {
  const { code, stdout } = await site.lifeboat(["verify", "--guest", name, "--json"], { env });
  const { message_type: _type, ...value } = z.looseObject({}).parse(JSON.parse(stdout));
  const [report] = verifyShape.parse(value).environments ?? [];
  if (report === undefined || "error" in report) throw new Error(stdout);
  const archives = report.archives.map(({ result, problems }) => `${result}: ${problems.join("; ")}`);
  return { code, said: [...archives, ...report.missing.map(({ text }) => `missing: ${text}`)].join("\n") };
}

async function prepare(
  { plain }: VerifyFault,
  { id, name }: { id: number; name: string },
): Promise<Omit<VerifyScene, "before">> {
  const archive = await site.backUp(id, plain === true ? { compress: "0" } : {});
  const own = await site.backUp(other.id, plain === true ? { compress: "0" } : {});
  const file = (volid: string): string => site.nodePath(node, `mnt/backup/dump/${volid.slice(volid.indexOf("/") + 1)}`);
  const now = (): string[] =>
    readdirSync(site.nodePath(node, "mnt/backup/dump"))
      .filter((one) => !one.endsWith(".notes"))
      .sort();
  return { now, site, vmid: id, name, archive, other: own, file, verify: () => verify(name) };
}

test.each(verifyFaults.map((one, index) => ({ title: one.fault, one, guest: guests[index] })))(
  "$title [G1, K2]",
  async ({ one, guest }) => {
    if (guest === undefined) throw new Error("every case has a guest");
    const prepared = await prepare(one, guest);
    await one.inject(prepared);
    const scene = { ...prepared, before: prepared.now() };
    const { code, said } = await verify(guest.name);
    expect({ exitCode: code, message: masked(said, scene) }).toEqual({ exitCode: one.exitCode, message: one.message });
    for (const { check } of one.afterwards) await check(scene);
  },
);
