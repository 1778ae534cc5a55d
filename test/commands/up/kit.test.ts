import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRecord } from "../../../scripts/inspect/kit-record/kit-record";
import type { S3Server } from "../../support/s3-server";
import { startStore, UpSite } from "./up-site";

/** A break-glass file that the settings name is made anew whenever up has ended well. */

const folder = mkdtempSync(join(tmpdir(), "lifeboat-up-kit-"));
let store: S3Server;
let site: UpSite;

beforeAll(async () => {
  store = await startStore(folder);
  site = UpSite.create(store, "up-kit");
  site.write(
    "Pulumi.monitoring.yaml",
    site.read("Pulumi.monitoring.yaml").replace(/^(config:\n)/mu, "$1  lifeboat:kit: { file: kit.html }\n"),
  );
});

afterAll(async () => {
  await site.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("up writes it, with the secrets that up itself has made encrypted as in the settings, and a dry run does not [H7]", async () => {
  const file = join(site.project, "kit.html");
  expect(await site.lifeboat(["up", "monitoring", "--dry-run"])).toMatchObject({ code: 0 });
  expect(existsSync(file)).toBe(false);
  const { code, stderr } = await site.lifeboat(["up", "monitoring", "--force"]);
  expect(code).toBe(0);
  expect(stderr).toContain(`Break-glass file: ${file}`);
  const salt = /^encryptionsalt: (\S+)$/mu.exec(site.read("Pulumi.monitoring.yaml"))?.[1] ?? "none";
  expect(readFileSync(file, "utf8")).toContain(salt);
  expect(readRecord(file)).toMatchObject({ secrets: false });
});

test("a file of somebody in its place: what was brought up stands, it is told, and 3 [H7]", async () => {
  const file = join(site.project, "kit.html");
  writeFileSync(file, "somebody's");
  const { code, stderr } = await site.lifeboat(["up", "monitoring", "--force"]);
  expect(stderr).toContain(
    `the break-glass file was not made anew: ${file} is there, and no kit has written it as it is`,
  );
  expect(code).toBe(3);
  expect(readFileSync(file, "utf8")).toBe("somebody's");
});
