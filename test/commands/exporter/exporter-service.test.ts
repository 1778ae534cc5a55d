import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { get, type IncomingHttpHeaders } from "node:http";
import { PulumiEncrypter } from "../../support/encrypt";
import { AdoptedSite } from "../support/adopted-site";
import { MetricsPage } from "../support/metrics-page";
import type { RunningCommand, RunResult } from "../support/kit";

/** The exporter as a service: a process of its own that looks again and again. */
let site: AdoptedSite;

const node = "pve-prod";
const now = Math.floor(Date.now() / 1_000);

beforeAll(async () => {
  site = await AdoptedSite.start([
    { name: "prod", node, profile: "prod", guests: [{ id: 101, name: "web" }] },
    { name: "lab", node: "pve-lab", profile: "lab", guests: [{ id: 2_001, name: "test" }] },
  ]);
  site.putArchive(node, 101, now - 7_200, 2_000);
  site.putArchive("pve-lab", 2_001, now - 7_200, 2_000);
});

afterAll(() => site.stop());

interface Service {
  readonly url: string;
  readonly run: RunningCommand;
  readonly ended: Promise<RunResult>;
  hasEnded(): boolean;
}

const services: Service[] = [];

afterEach(async () => {
  await site.clearFaults();
  for (const { run, ended, hasEnded } of services.splice(0)) {
    if (!hasEnded()) run.signal("SIGKILL");
    await ended;
  }
});

/** Starts it; the first look need not have ended. */
async function start(words: readonly string[] = [], env: Record<string, string | undefined> = {}): Promise<Service> {
  const argv = ["exporter", "--listen", "127.0.0.1:0", "--interval", "1s", ...words];
  let run: RunningCommand | undefined;
  let ended: Promise<RunResult> | undefined;
  let isOver = false;
  const url = await new Promise<string>((resolve, reject) => {
    const onError = (text: string): void => {
      const [, found] = /Metrics at (http:\S+)\/metrics/u.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    };
    ended = site.lifeboat(argv, { asProcess: true, env, onStart: (started) => (run = started), onError });
    ended.finally(() => (isOver = true)).then(({ stderr }) => reject(new Error(stderr)), reject);
  });
  if (run === undefined || ended === undefined) throw new Error("it was not started");
  const service = { url, run, ended, hasEnded: () => isOver };
  services.push(service);
  return service;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(url: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
      });
    });
    request.on("error", reject);
  });
}

async function pageAt({ url }: Service): Promise<MetricsPage> {
  return new MetricsPage((await ask(`${url}/metrics`)).body.toString());
}

/** The first page of which this holds. */
async function pageWhen(service: Service, holds: (page: MetricsPage) => boolean): Promise<MetricsPage> {
  for (;;) {
    const page = await pageAt(service);
    if (holds(page)) return page;
    await setTimeout(50);
  }
}

const stale = (page: MetricsPage): boolean => page.of("lifeboat_guest_info", { guest: "web" }).length === 0;
const seen = (page: MetricsPage): boolean => page.value("lifeboat_guest_backups", { guest: "web" }) === 1;

test("it answers metrics, packed on demand, and says that it runs; SIGTERM ends it with 0 [C2]", async () => {
  const service = await start();
  await pageWhen(service, seen);
  const plain = await ask(`${service.url}/metrics`);
  expect(plain.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  const packed = await ask(`${service.url}/metrics`, { "Accept-Encoding": "gzip" });
  expect(packed.headers["content-encoding"]).toBe("gzip");
  expect(new MetricsPage(gunzipSync(packed.body).toString()).names()).toContain("lifeboat_guest_backups");
  const answers = [
    await ask(`${service.url}/-/healthy`),
    await ask(`${service.url}/metrics`, {}, "HEAD"),
    await ask(`${service.url}/other`),
    await ask(`${service.url}/metrics`, {}, "POST"),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 405]);
  expect(answers[1]?.body.length).toBe(0);
  service.run.signal("SIGTERM");
  const { code, stdout } = await service.ended;
  expect([code, stdout]).toEqual([0, ""]);
});

test("scrapes are answered while a look hangs; what was seen goes after three intervals, and the time of the look stays [C2]", async () => {
  const service = await start();
  await pageWhen(service, seen);
  await site.fault("slow-storage", { node, milliseconds: "12000" });
  const before = (await pageAt(service)).value("lifeboat_look_timestamp_seconds", { environment: "prod" });
  const page = await pageWhen(service, stale);
  const after = page.value("lifeboat_look_timestamp_seconds", { environment: "prod" }) ?? 0;
  expect(after - (before ?? 0)).toBeLessThan(3);
  expect(page.value("lifeboat_guest_backups", { guest: "test" })).toBe(1);
  const many = await Promise.all(Array.from({ length: 30 }, () => ask(`${service.url}/metrics`)));
  expect(many.map(({ status }) => status)).toEqual(many.map(() => 200));
  const asked = site.requests(node).filter(({ path }) => path.endsWith("/storage/backup/content")).length;
  await setTimeout(1_500);
  expect(site.requests(node).filter(({ path }) => path.endsWith("/storage/backup/content")).length).toBe(asked);
  service.run.signal("SIGTERM");
  expect((await service.ended).code).toBe(0);
});

test("what was seen goes also when the project cannot be read any more, and comes back with it [C2]", async () => {
  const service = await start();
  await pageWhen(service, seen);
  const project = site.read("Pulumi.yaml");
  site.write("Pulumi.yaml", "name: [");
  const page = await pageWhen(service, stale);
  site.write("Pulumi.yaml", project);
  expect(page.value("lifeboat_look_errors_total", { environment: "prod", kind: "settings" })).toBeGreaterThanOrEqual(3);
  await pageWhen(service, seen);
});

test("after a node was down its guests come back by themselves [C2]", async () => {
  const service = await start();
  await pageWhen(service, seen);
  await site.fault("node-unreachable", { node });
  const down = await pageWhen(service, stale);
  expect(down.value("lifeboat_environment_up", { environment: "prod" })).toBe(0);
  expect(down.value("lifeboat_look_errors_total", { environment: "prod", kind: "unreachable" })).toBeGreaterThanOrEqual(
    3,
  );
  expect(down.of("lifeboat_look_timestamp_seconds", { environment: "prod" })).toHaveLength(1);
  await site.clearFaults();
  const up = await pageWhen(service, seen);
  expect(up.value("lifeboat_environment_up", { environment: "prod" })).toBe(1);
});

test("an environment that leaves the settings, and a guest of another, go with the next look [C2]", async () => {
  const [prod, lab] = [site.read("Pulumi.prod.yaml"), site.read("Pulumi.lab.yaml")];
  const service = await start();
  await pageWhen(service, seen);
  rmSync(join(site.project, "Pulumi.lab.yaml"));
  site.write("Pulumi.prod.yaml", prod.replace("    web:\n", "    portal:\n"));
  const page = await pageWhen(service, (now) => now.of("lifeboat_guest_info", { guest: "portal" }).length === 1);
  site.write("Pulumi.prod.yaml", prod);
  site.write("Pulumi.lab.yaml", lab);
  expect(page.text).not.toContain('guest="web"');
  expect(page.text).not.toContain('environment="lab"');
});

test("with a folder of credentials it needs no passphrase, and uses no credential of the shell [C2]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  const encrypter = new PulumiEncrypter("not-a-secret passphrase");
  const sealed = `  lifeboat:proxmoxToken: { secure: "${encrypter.encrypt("never opened")}" }\n`;
  site.write("Pulumi.prod.yaml", `encryptionsalt: ${encrypter.salt}\n${settings}${sealed}`);
  const folder = join(site.folder, "credentials");
  mkdirSync(folder);
  const token = readFileSync(site.env["LIFEBOAT_PROXMOX_TOKEN_FILE"] ?? "", "utf8");
  writeFileSync(join(folder, "prod.token"), token);
  const env = { LIFEBOAT_PROXMOX_TOKEN_FILE: undefined, LIFEBOAT_PROXMOX_TOKEN: "other@pve!look=not-a-secret" };
  const { code, stdout, stderr } = await site.lifeboat(["exporter", "--once", "--credentials", folder], { env });
  site.write("Pulumi.prod.yaml", settings);
  const page = new MetricsPage(stdout);
  expect(page.value("lifeboat_guest_backups", { guest: "web" })).toBe(1);
  expect(page.value("lifeboat_look_errors_total", { environment: "lab", kind: "settings" })).toBe(1);
  expect(code).toBe(3);
  expect(stderr).toBe(
    `Unable to look at lab: there is no API token of lab: ${folder}/lab.token\nHINT: write it there: USER@REALM!TOKENID=SECRET\n`,
  );
  expect(stdout + stderr).not.toContain(token.trim().split("=")[1]);
});

test("a file of the credentials that holds no token is named itself, and not the settings [C2]", async () => {
  const folder = join(site.folder, "other-credentials");
  mkdirSync(folder);
  for (const name of ["prod", "lab"]) writeFileSync(join(folder, `${name}.token`), "half a token");
  const { code, stderr } = await site.lifeboat(["exporter", "--once", "--credentials", folder]);
  expect(code).toBe(3);
  expect(stderr).toContain(`Unable to look at prod: the API token from ${folder}/prod.token is not of the form`);
  expect(stderr).not.toContain("lifeboat:proxmoxToken");
});

test("an address that another process has is refused at once [C2]", async () => {
  const { url } = await start();
  const { code, stderr } = await site.lifeboat(["exporter", "--listen", new URL(url).host]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot be listened on: .*\nHINT: another process has it: choose one with --listen\n$/u);
});
