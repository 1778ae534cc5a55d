import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { openSecretBox } from "../../../scripts/project/passphrase";
import type { S3Server } from "../../support/s3-server";
import { exampleMetricsGuest, exampleMonitoring } from "../../support/example-monitoring";
import { passphrase, startStore, UpSite } from "./up-site";

/** The exporter's tokens go from the states of the environments that made them to the settings of the one that watches. */
let folder: string;
let store: S3Server;
let site: UpSite;

const settings = z.object({
  encryptionsalt: z.string(),
  config: z.looseObject({ "lifeboat:monitoringSecrets": z.unknown() }),
});
const grafanaPassword = expect.stringMatching(/^[\w-]{24}$/u);
const tokenOf = (name: string, number = 1) =>
  `lifeboat-exporter@pve!site.${name}.${String(number)}=not-a-secret-${name}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-hand-over-"));
});

afterEach(async () => {
  await site.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A key of `config:` behind the profile. */
function set(name: string, key: string, value: unknown): void {
  const file = `Pulumi.${name}.yaml`;
  const line = `  lifeboat:${key}: ${JSON.stringify(value)}`;
  const others = site.read(file).replace(new RegExp(`^  lifeboat:${key}: .*\n`, "mu"), "");
  site.write(file, others.replace(/^(config:\n)/mu, `$1${line}\n`));
}

type Box = Awaited<ReturnType<typeof openSecretBox>>;

async function boxOf(): Promise<{ box: Box; sealed: unknown }> {
  const { encryptionsalt, config } = settings.parse(parse(site.read("Pulumi.monitoring.yaml")));
  return { box: await openSecretBox(encryptionsalt, passphrase), sealed: config["lifeboat:monitoringSecrets"] };
}

/** Every secret by itself. */
async function handedOver(): Promise<unknown> {
  const { box, sealed } = await boxOf();
  const opened = (value: unknown): unknown => {
    const secret = z.strictObject({ secure: z.string() }).safeParse(value);
    if (secret.success) return box.open(secret.data.secure);
    return Object.fromEntries(Object.entries(z.looseObject({}).parse(value)).map(([name, one]) => [name, opened(one)]));
  };
  return opened(sealed);
}

test("tokens are handed over by up, again when another is in use, and taken out with their environment [C2, N5]", async () => {
  store = await startStore(folder);
  site = UpSite.create(store, "tokens");
  set("monitoring", "guests", { metrics: exampleMetricsGuest() });
  set("monitoring", "monitoring", exampleMonitoring());
  for (const name of ["monitoring", "prod"]) set(name, "exporterTokens", [1]);
  site.program({ tokens: { monitoring: tokenOf("monitoring"), prod: tokenOf("prod") } });

  const first = await site.lifeboat(["up", "--force"]);
  expect([first.code, first.stdout]).toEqual([0, expect.not.stringContaining("gets no token")]);
  expect(first.stdout).toContain("monitoring: the exporter's tokens are handed over");
  const tokens = { monitoring: tokenOf("monitoring"), prod: tokenOf("prod") };
  expect(await handedOver()).toEqual({ grafanaPassword, tokens });
  // The environment that watches has the state store, too: it comes first, and again when the others have made theirs.
  const updates = site.pulumiRuns().filter((run) => run.endsWith(" up"));
  expect([updates.length > 2, updates[0], updates.at(-1)]).toEqual([
    true,
    expect.stringContaining("monitoring"),
    expect.stringContaining("monitoring"),
  ]);
  expect((await site.lifeboat(["up", "--force"])).stdout).toContain("nothing was changed");
  expect(site.pulumiRuns().filter((run) => run.endsWith(" up"))).toEqual([]);

  set("prod", "exporterTokens", [1, 2]);
  const plan = await site.lifeboat(["up", "monitoring", "--dry-run"]);
  expect(plan.stdout.replace(/\s+/gu, " ")).toContain(
    "write the exporter's tokens of prod into its settings, encrypted, and pulumi up with them",
  );
  site.program({
    prod: ["web", "db", "more"],
    tokens: { monitoring: tokenOf("monitoring"), prod: tokenOf("prod", 2) },
  });
  await site.lifeboat(["up", "--force"]);
  expect(await handedOver()).toMatchObject({ tokens: { prod: tokenOf("prod", 2) } });
  set("prod", "exporterTokens", []);
  await site.lifeboat(["up", "monitoring", "--force"]);
  expect(await handedOver()).toEqual({ grafanaPassword, tokens: { monitoring: tokenOf("monitoring") } });
  const texts = [first, plan].map(({ stdout, stderr }) => stdout + stderr).join("");
  expect(texts).not.toContain("not-a-secret-prod");
});

test("a token that was made again under its name is handed over; one of another name never, whoever wrote it into the state [C2, N5]", async () => {
  store = await startStore(folder);
  site = UpSite.create(store, "tokens");
  set("monitoring", "guests", { metrics: exampleMetricsGuest() });
  set("monitoring", "monitoring", exampleMonitoring());
  set("prod", "exporterTokens", [1]);
  site.program({ tokens: { prod: tokenOf("prod") } });
  await site.lifeboat(["up", "--force"]);
  expect(await handedOver()).toMatchObject({ tokens: { prod: tokenOf("prod") } });

  const again = `${tokenOf("prod")}-again`;
  site.program({ prod: ["web", "db", "made again"], tokens: { prod: again } });
  await site.lifeboat(["up", "prod", "--force"]);
  await site.lifeboat(["up", "monitoring", "--force"]);
  expect(await handedOver()).toMatchObject({ tokens: { prod: again } });

  const operators = "lifeboat@pve!lifeboat=not-a-secret-operator";
  set("prod", "exporterTokens", [1, 2]);
  site.program({ prod: ["web", "db", "forged"], tokens: { prod: operators } });
  await site.lifeboat(["up", "prod", "--force"]);
  const { stdout } = await site.lifeboat(["up", "monitoring", "--force"]);
  expect(stdout.replace(/\s+/gu, " ")).toContain("its state has another token than lifeboat-exporter@pve!site.prod.2");
  expect(await handedOver()).toMatchObject({ tokens: { prod: again } });
});

test("what the monitoring needs and nobody gives is made by up, once, and kept [C1, N5]", async () => {
  store = await startStore(folder);
  site = UpSite.create(store, "monitoring-keys");
  set("monitoring", "guests", { metrics: exampleMetricsGuest() });
  set("monitoring", "monitoring", exampleMonitoring());

  const plan = await site.lifeboat(["up", "monitoring", "--dry-run"]);
  expect(plan.stdout.replace(/\s+/gu, " ")).toContain("make Grafana's password, and write it encrypted");
  expect(site.read("Pulumi.monitoring.yaml")).not.toContain("monitoringSecrets");
  expect((await site.lifeboat(["up", "monitoring", "--force"])).code).toBe(0);
  const made = await handedOver();
  expect(made).toEqual({ grafanaPassword });
  expect((await site.lifeboat(["up", "monitoring", "--force"])).stdout).toContain("nothing was changed");

  set("monitoring", "monitoring", exampleMonitoring({ listen: "tls", allow: ["192.0.2.0/24"] }));
  const tls = await site.lifeboat(["up", "monitoring", "--force"]);
  expect([tls.code, tls.stderr]).toEqual([0, expect.stringContaining("Write what the monitoring needs")]);
  const key = expect.stringMatching(/^-----BEGIN PRIVATE KEY-----\n/u);
  expect(await handedOver()).toEqual({ ...z.looseObject({}).parse(made), authorityKey: key, serverKey: key });
  expect(site.read("Pulumi.monitoring.yaml")).toContain("lifeboat:monitoringAuthority: |");
  expect((await site.lifeboat(["up", "monitoring", "--force"])).stdout).toContain("nothing was changed");
});

test("a secret that is set beside those of up, as pulumi config set --path does, stays; a former text is taken apart [C1, N5]", async () => {
  store = await startStore(folder);
  site = UpSite.create(store, "one-by-one");
  set("monitoring", "guests", { metrics: exampleMetricsGuest() });
  set("monitoring", "monitoring", exampleMonitoring({ receivers: { ops: { webhook: {} } } }));
  await site.lifeboat(["up", "monitoring", "--force"]);
  const { box } = await boxOf();
  const file = "Pulumi.monitoring.yaml";
  const hook = "https://hook.example.com/not-a-real-path";
  const line = "  lifeboat:monitoringSecrets:\n";
  expect(site.read(file)).toContain(line);
  site.write(
    file,
    site.read(file).replace(line, `${line}    receivers:\n      ops:\n        secure: ${box.seal(hook)}\n`),
  );
  set("monitoring", "exporterTokens", [1]);
  site.program({ tokens: { monitoring: tokenOf("monitoring") } });
  expect((await site.lifeboat(["up", "monitoring", "--force"])).code).toBe(0);
  const whole = { grafanaPassword, receivers: { ops: hook }, tokens: { monitoring: tokenOf("monitoring") } };
  expect(await handedOver()).toEqual(whole);

  const text = JSON.stringify({ ...z.looseObject({}).parse(await handedOver()), tokens: {} });
  const asText = parse(site.read(file));
  asText.config["lifeboat:monitoringSecrets"] = { secure: box.seal(text) };
  site.write(file, stringify(asText));
  expect((await site.lifeboat(["up", "monitoring", "--force"])).code).toBe(0);
  expect(await handedOver()).toEqual(whole);
});
