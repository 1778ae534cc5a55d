import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { openSecretBox } from "../../../scripts/project/passphrase";
import { exampleMetricsGuest } from "../../support/example-monitoring";
import type { S3Server } from "../../support/s3-server";
import { passphrase, startStore, UpSite } from "./up-site";

/** Database users that make dumps get their passwords from up: nobody has to think of one, and nothing shows it. */
let folder: string;
let store: S3Server;
let site: UpSite;

const settings = z.object({
  encryptionsalt: z.string(),
  config: z.looseObject({ "lifeboat:dataSecrets": z.object({ secure: z.string() }) }),
});

const file = "Pulumi.monitoring.yaml";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-data-passwords-"));
});

afterEach(async () => {
  await site.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The guest's sources of data. */
function declare(data: Readonly<Record<string, unknown>>): void {
  const guests = JSON.stringify({ metrics: { ...exampleMetricsGuest(), data } });
  const others = site.read(file).replace(/^ {2}lifeboat:guests: .*\n/mu, "");
  site.write(file, others.replace(/^(config:\n)/mu, `$1  lifeboat:guests: ${guests}\n`));
}

async function sealed(): Promise<unknown> {
  const { encryptionsalt, config } = settings.parse(parse(site.read(file)));
  return JSON.parse((await openSecretBox(encryptionsalt, passphrase)).open(config["lifeboat:dataSecrets"].secure));
}

test("up makes the passwords that are missing, keeps those that are there, and shows none [I1]", async () => {
  store = await startStore(folder);
  site = UpSite.create(store, "data-passwords");
  const config = { kind: "files", paths: ["/etc"] };
  declare({ config, shop: { kind: "postgres" } });
  const plan = await site.lifeboat(["up", "monitoring", "--dry-run"]);
  expect(plan.stdout.replace(/\s+/gu, " ")).toContain(
    "make the password of shop in metrics, and write it encrypted into the settings",
  );
  expect(site.read(file)).not.toContain("dataSecrets");

  const first = await site.lifeboat(["up", "monitoring", "--force"]);
  expect(first.code).toBe(0);
  const password = expect.stringMatching(/^[\w-]{32}$/u);
  const made = await sealed();
  expect(made).toEqual({ metrics: { shop: { password } } });
  expect((await site.lifeboat(["up", "monitoring", "--force"])).stdout).toContain("nothing was changed");

  declare({ config, shop: { kind: "postgres" }, crm: { kind: "mariadb" } });
  expect((await site.lifeboat(["up", "monitoring", "--force"])).code).toBe(0);
  const both = z.object({ metrics: z.looseObject({}) }).parse(await sealed());
  expect(both).toEqual({
    metrics: { ...z.object({ metrics: z.looseObject({}) }).parse(made).metrics, crm: { password } },
  });
  const secret = z.object({ metrics: z.object({ shop: z.object({ password: z.string() }) }) }).parse(made);
  expect(first.stdout + first.stderr + site.read(file)).not.toContain(secret.metrics.shop.password);
});
