import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkScript } from "../../../../components/monitoring/check-script";

const password = `p"a\\s's w%rd`;

/** What the services answer, as they were recorded: Prometheus 2.42, Alertmanager 0.25 and Grafana 10. */
const whole: Readonly<Record<string, string>> = {
  "/api/v1/targets?state=active": JSON.stringify({
    status: "success",
    data: {
      activeTargets: [target("prometheus", "up"), target("lifeboat", "up"), target("lifeboat", "up")],
      droppedTargets: [],
    },
  }),
  "/api/v1/query?query=up": JSON.stringify({
    status: "success",
    data: { resultType: "vector", result: [kept("prometheus"), kept("lifeboat")] },
  }),
  "/api/v1/rules?type=alert": JSON.stringify({
    status: "success",
    data: { groups: [{ name: "backups", rules: [{ state: "inactive", name: "BackupJobMissing", type: "alerting" }] }] },
  }),
  "/api/v1/alertmanagers": JSON.stringify({
    status: "success",
    data: { activeAlertmanagers: [{ url: "http://127.0.0.1:9093/api/v2/alerts" }], droppedAlertmanagers: [] },
  }),
  "/metrics": "# TYPE x gauge\nprometheus_tsdb_lowest_timestamp_seconds 1.79e+09\n",
  "/-/ready": "OK",
  "/api/health": '{\n  "commit": "",\n  "database": "ok",\n  "version": "10.0.0"\n}',
  "/api/search?type=dash-db&limit=5000": JSON.stringify([{ id: 1, uid: "backup-overview", title: "Backups" }]),
};

function target(scrapePool: string, health: string): object {
  return { discoveredLabels: { job: scrapePool }, labels: { job: scrapePool }, scrapePool, lastError: "", health };
}

function kept(job: string): object {
  return { metric: { __name__: "up", instance: "127.0.0.1:9090", job }, value: [1_790_000_000, "1"] };
}

const without = (path: string, text: string, by: string): Record<string, string> => ({
  ...whole,
  [path]: (whole[path] ?? "").replace(text, by),
});

let folder: string;
let server: Server;
let answers: Readonly<Record<string, string>> = whole;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-check-"));
  writeFileSync(join(folder, "password"), `${password}\n`);
  server = createServer((request, response) => {
    const answer = answers[request.url ?? ""];
    const login = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
    const isRefused = request.url?.startsWith("/api/search") === true && request.headers.authorization !== login;
    response.statusCode = isRefused ? 401 : answer === undefined ? 503 : 200;
    response.end(isRefused ? "" : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : ""}`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function check(
  now: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; printed: string }> {
  answers = now;
  const script = checkScript({
    urls: { prometheus: url, alertmanager: url, grafana: url },
    jobs: ["prometheus", "lifeboat"],
    alerts: ["BackupJobMissing"],
    data: folder,
    grafana: { dashboards: ["backup-overview"], passwordFile: join(folder, "password") },
  });
  const child = spawn("sh", ["-s"], { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...variables } });
  child.stdin.end(script);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (printed += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, printed };
}

test("the check of monitoring is content when all services are, and says since when there are measurements [C1, F2]", async () => {
  await expect(check(whole)).resolves.toEqual({ code: 0, printed: "watching since 1790000000\n" });
});

test.each([
  [
    "a target is down",
    without("/api/v1/targets?state=active", '"health":"up"}]', '"health":"down"}]'),
    "Prometheus reaches 1 of 2 targets of the job lifeboat\n",
  ],
  [
    "a job has no target",
    without("/api/v1/targets?state=active", '"scrapePool":"prometheus"', '"scrapePool":"other"'),
    "Prometheus has no target of the job prometheus\n",
  ],
  [
    "it reaches a target and keeps nothing of it",
    without("/api/v1/query?query=up", '"job":"lifeboat"', '"job":"other"'),
    "Prometheus keeps nothing of the job lifeboat\n",
  ],
  [
    "a rule is missing",
    without("/api/v1/rules?type=alert", "BackupJobMissing", "BackupJobMissingToo"),
    "Prometheus has no rule BackupJobMissing\n",
  ],
  [
    "there is no Alertmanager",
    { ...whole, "/api/v1/alertmanagers": '{"status":"success","data":{"activeAlertmanagers":[]}}' },
    "Prometheus is not connected with Alertmanager\n",
  ],
  [
    "a dashboard is missing",
    without("/api/search?type=dash-db&limit=5000", "backup-overview", "other"),
    "Grafana has no dashboard backup-overview\n",
  ],
  ["Grafana's database is not well", without("/api/health", '"ok"', '"failing"'), "Grafana's database is not well\n"],
])("the check of monitoring fails when %s, and says so [C1, F2]", async (_what, now, printed) => {
  await expect(check(now)).resolves.toEqual({ code: 1, printed });
});

test("the check of monitoring names each service that does not answer [C1, F2]", async () => {
  const { code, printed } = await check({});
  expect(code).toBe(1);
  const lines = printed.trimEnd().split("\n");
  expect(lines.map((line) => line.split(":")[0])).toEqual([
    "Prometheus does not answer",
    "Prometheus does not tell what it keeps",
    "Prometheus does not tell its rules",
    "Prometheus does not tell its Alertmanagers",
    "Alertmanager is not ready",
    "Grafana does not answer",
    "Grafana does not tell its dashboards",
  ]);
});

test("the check of monitoring fails where the disk of the measurements is full, and its last line says so [C1, F2]", async () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const lines = ["Filesystem 1024-blocks Used Available Capacity Mounted", `/dev/sdb 9999 9998 1 100% ${folder}`];
  writeFileSync(join(bin, "df"), `#!/bin/sh\nprintf '%s\\n' '${lines.join("' '")}'\n`, { mode: 0o755 });
  const { code, printed } = await check(whole, { PATH: `${bin}:${process.env["PATH"] ?? ""}` });
  expect([code, printed]).toEqual([
    1,
    expect.stringMatching(/^the disk of \S+ is full, so that nothing is kept: .*lifeboat grow\n$/u),
  ]);
});

test("the check of monitoring asks the services themselves where the guest has a proxy, which then never sees the password [C1, C2]", async () => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.url ?? ""} ${request.headers.authorization ?? ""}`);
    response.end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const place = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : ""}`;
  writeFileSync(join(folder, ".curlrc"), `proxy = "${place}"\n`);
  const byVariable = await check(whole, { http_proxy: place, HOME: "/nonexistent", no_proxy: "", NO_PROXY: "" });
  const byFile = await check(whole, { HOME: folder, no_proxy: "", NO_PROXY: "" });
  await new Promise((resolve) => proxy.close(resolve));
  expect(seen).toEqual([]);
  expect([byVariable, byFile].map(({ code }) => code)).toEqual([0, 0]);
});
