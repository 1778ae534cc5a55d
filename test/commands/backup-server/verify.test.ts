import * as z from "zod";
import { verifyShape } from "../../../scripts/inspect/verify/shape";
import { RestoreSite } from "../restore/restore-site";
import { serverStorage } from "../support/site/furnish";

/** A snapshot on a Proxmox Backup Server, as verify sees it: only the server reads it. */
let site: RestoreSite;
let volid: string;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }], { storage: serverStorage });
  volid = await site.backUp(101);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

async function verify() {
  const { code, stdout } = await site.lifeboat(["verify", "prod", "--archives", "--json"]);
  const { message_type: _type, ...value } = z.looseObject({}).parse(JSON.parse(stdout));
  const [report] = verifyShape.parse(value).environments ?? [];
  if (report === undefined || "error" in report) throw new Error(stdout);
  const [archive] = report.archives;
  return [code, archive?.result, archive?.problems.join("; ")];
}

test("what the server has not verified was not looked at, with the way to have it looked at: 3 [G1]", async () => {
  expect(await verify()).toEqual([3, "unseen", expect.stringMatching(/verif/u)]);
});

test("what it has verified is whole, and damaged where it says so [G1]", async () => {
  await site.control({ command: "verify-snapshots" });
  expect(await verify()).toEqual([0, "whole", ""]);
  await site.fault("verification-failed", { volid });
  expect(await verify()).toEqual([3, "damaged", expect.stringContaining("failed")]);
});

test("one that it has verified, and of which it tells no size now, is doubtful and not whole: 3 [G1, D17]", async () => {
  await site.control({ command: "verify-snapshots" });
  await site.fault("no-size", { volid });
  expect(await verify()).toEqual([3, "doubtful", expect.stringContaining("but tells no size of it now")]);
});
