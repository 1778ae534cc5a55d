import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataByHand } from "../../../../../scripts/inspect/kit/by-hand-site";
import { containerOf } from "../../../../support/example-environment";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-by-hand-"));
const guest = containerOf({ data: { shop: { kind: "files", paths: ["/srv"], at: "03:00", folder } } });

afterAll(() => rmSync(folder, { recursive: true }));

/** A dump that says which one it is. */
function putDump(name: string): void {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "manifest.json"), name);
  const sum = createHash("sha256").update(name).digest("hex");
  writeFileSync(join(path, "SHA256SUMS"), `${sum}  manifest.json\n`);
}

test("by hand the newest dump is taken, and none of a source whose name begins in the same way [H7]", () => {
  putDump("2026-11-21/files/shop-235959Z");
  putDump("2026-11-22/files/shop-030000Z");
  putDump("2026-11-22/files/shop-old-040000Z");
  putDump("2026-11-23/files/shop-2-010000Z");
  const [line = ""] = dataByHand(guest);
  const said = execFileSync("sh", ["-c", line], { encoding: "utf8" });
  expect(said).toContain("manifest.json: OK\n2026-11-22/files/shop-030000Z");
});
