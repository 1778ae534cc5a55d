import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Accepted, accepted as acceptedHere } from "../../../support/audit/accepted";
import { type Audit, audit } from "../../../support/audit/audit";

// npm itself, against a registry on loopback.
const project = resolve(__dirname, "../../../..");
const advisoryPath = "/-/npm/v1/security/advisories/bulk";
const advisory = {
  id: 1,
  url: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
  title: "It answers too much",
  severity: "high",
  vulnerable_versions: "<2.0.0",
};
const accepted = { advisory: "GHSA-aaaa-bbbb-cccc", package: "weak", reason: "not used", until: "2026-12-31" };

let folder: string;
let server: Server;
let findings: Record<string, unknown[]>;
let status: number;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-audit-"));
  [findings, status, asked] = [{}, 200, []];
  server = createServer((request, response) => {
    const sent: Buffer[] = [];
    request.on("data", (data: Buffer) => sent.push(data));
    if (request.url === advisoryPath) request.on("end", () => asked.push(gunzipSync(Buffer.concat(sent)).toString()));
    const answer =
      request.url === advisoryPath
        ? findings
        : { name: "weak", versions: { "1.0.0": { name: "weak", version: "1.0.0" } } };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const dependencies = { weak: "1.0.0" };
  const root = { name: "project", version: "1.0.0", dependencies, devDependencies: { tool: "1.0.0" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(root));
  const packages = {
    "": root,
    "node_modules/weak": { version: "1.0.0" },
    "node_modules/tool": { version: "1.0.0", dev: true },
  };
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ ...root, lockfileVersion: 3, packages }));
});

afterEach(async () => {
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
});

function run(entries: readonly Accepted[] = [], today = "2026-11-30"): Promise<Audit> {
  const registry = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  const options = [`--registry=${registry}`, "--fetch-retries=0", `--cache=${join(folder, "cache")}`];
  return audit(folder, entries, today, options);
}

test("nothing known: audited, and what is only for developing was not asked about [M4]", async () => {
  expect(await run()).toEqual({ audited: true, packages: expect.any(Number), open: [], accepted: [], obsolete: [] });
  expect(asked).toEqual(['{"weak":["1.0.0"]}']);
});

test("a known weakness is open until somebody accepts it, and again when that has ended [M4]", async () => {
  findings = { weak: [advisory] };
  const weakness = {
    advisory: accepted.advisory,
    package: "weak",
    severity: "high",
    title: advisory.title,
    url: advisory.url,
  };
  expect(await run()).toMatchObject({ audited: true, open: [weakness], accepted: [] });
  expect(await run([accepted], "2026-12-31")).toMatchObject({
    open: [],
    accepted: [{ ...weakness, reason: "not used" }],
  });
  expect(await run([accepted], "2027-01-01")).toMatchObject({ open: [weakness], accepted: [] });
  expect(await run([{ ...accepted, package: "other" }])).toMatchObject({ open: [weakness] });
});

test("what is accepted and not found any more is named [M4]", async () => {
  expect(await run([accepted])).toMatchObject({ open: [], obsolete: [accepted] });
});

test("a registry that does not answer such questions: not audited, which is neither good nor bad [M4]", async () => {
  status = 405;
  const found = await run();
  expect(found).toMatchObject({ audited: false });
  expect(found.audited ? "" : found.why).toContain("405");
});

test("each accepted weakness has a number, a reason and a day [M4]", () => {
  for (const entry of acceptedHere) {
    expect(entry.advisory).toMatch(/^GHSA(-[0-9a-z]{4}){3}$/u);
    expect(entry.until).toMatch(/^\d{4}-\d{2}-\d{2}$/u);
    expect(entry.reason.length).toBeGreaterThan(10);
  }
});

test("the checks of every commit lint the workflows and audit the dependencies [M4]", () => {
  const { stages } = require("../../../support/ci/plan.cjs") as { stages: readonly { command: readonly string[] }[] };
  const ci = stages.map(({ command }) => command.join(" "));
  expect(ci).toEqual(expect.arrayContaining(["npm run --silent lint:workflows", "npm run --silent audit"]));
  const onGitHub = readFileSync(join(project, ".github/workflows/checks.yml"), "utf8");
  for (const stage of ["lint:workflows", "audit"]) expect(onGitHub).toMatch(new RegExp(`^.*npm run ${stage}$`, "mu"));
});
