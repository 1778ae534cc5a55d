import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { RecoverSite } from "./recover-site";

/** A recovery by somebody who has not the passphrase at hand, or the wrong one. */
let lost: RecoverSite;

const program = { prod: ["web", "db"] };

beforeEach(async () => {
  lost = await RecoverSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
  lost.site.write("program.json", JSON.stringify(program));
  for (const id of [101, 102]) await lost.site.destroy(id);
  await lost.site.client.delete(["cluster", "backup", "lifeboat-prod"]);
});

afterEach(() => lost.stop());

const none = { PULUMI_CONFIG_PASSPHRASE_FILE: undefined };

const report = z.looseObject({
  environments: z.array(z.looseObject({ up: z.string(), guests: z.array(z.looseObject({ result: z.string() })) })),
  findings: z.array(z.looseObject({ severity: z.string(), text: z.string(), mend: z.string().optional() })),
});

test("without it: what needs it is named first, everything else comes back, no pulumi is begun, and the same command with it does the rest [H1, K3]", async () => {
  const { stdout: plan } = await lost.recover(["--dry-run"], { env: none });
  expect(plan).toMatch(
    /Plan: recover the site\n +LOCKED: the stack of prod: no passphrase is set[^]*HINT: set PULUMI_CONFIG_PASSPHRASE_FILE [^]*1\. +restore prod\/web, prod\/db[^]*2\. +check prod/u,
  );
  expect(plan).not.toContain("pulumi refresh");
  lost.pulumiRuns();
  const { code, stdout } = await lost.recover(["--force", "--json"], { env: none });
  const { environments, findings } = report.parse(JSON.parse(stdout));
  expect([code, environments]).toMatchObject([
    3,
    [{ up: "left out", guests: [{ result: "back" }, { result: "back" }] }],
  ]);
  expect(findings).toContainEqual({
    severity: "problem",
    text: expect.stringMatching(/^the stack of prod was left as it is: no passphrase is set/u),
    mend: expect.stringMatching(
      /^set PULUMI_CONFIG_PASSPHRASE_FILE to a file with the passphrase of prod, then: lifeboat recover/u,
    ),
  });
  expect([await lost.there(), lost.pulumiRuns()]).toEqual([["db", "web"], []]);
  // Nothing but the stack is left: without the passphrase there is nothing to begin, with it the stack is brought up.
  expect(await lost.recover(["--force"], { env: none })).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/the stack of prod: no passphrase is set/u),
  });
  await lost.recover(["--force"]);
  expect(await lost.recorded("db")).toBeDefined();
});

test("a wrong one is called wrong, by where it comes from, before anything is done [H1, K3]", async () => {
  const file = join(lost.site.folder, "wrong");
  writeFileSync(file, "not-the-passphrase\n");
  const requests = lost.site.requests().length;
  const { code, stderr } = await lost.recover(["--force"], { env: { PULUMI_CONFIG_PASSPHRASE_FILE: file } });
  expect({ code, stderr }).toEqual({
    code: 12,
    stderr: expect.stringMatching(
      /the passphrase of prod is wrong: it does not open \S*Pulumi\.prod\.yaml \(from PULUMI_CONFIG_PASSPHRASE_FILE: \S+wrong\)[^]*HINT: [^]*without one/u,
    ),
  });
  const sent = lost.site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("without it the state store, whose keys are encrypted, cannot be looked at: that is said, and the guests come back [H1, K3]", async () => {
  const store = `  lifeboat:stateStore: { service: { endpoint: "https://127.0.0.1:9" }, buckets: state }\n`;
  const keys = `  lifeboat:stateStoreKeys: { secure: "v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }\n`;
  lost.site.write(
    "Pulumi.prod.yaml",
    lost.site.read("Pulumi.prod.yaml").replace("config:\n", `config:\n${store}${keys}`),
  );
  const { code, stdout, stderr } = await lost.recover(["--dry-run"], { env: none });
  expect({ code, stdout, stderr }).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /LOST: the state store: whether it holds every state[^]* needs the passphrase: [^]*1\. +restore prod\/web, prod\/db[^]*2\. +check prod/u,
    ),
  });
});
