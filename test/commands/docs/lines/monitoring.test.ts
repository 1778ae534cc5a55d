import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMetricsSite } from "../../monitoring/metrics-site";
import { node, type RestoreSite } from "../../restore/restore-site";
import { logInToNode, nodeShell } from "../../support/site/node-ssh";
import { PulumiStandIn } from "../../support/site/pulumi-stand-in";
import { runLines } from "../run-lines";

/**
 * Lines about a site whose monitoring is lost: its guest comes back from its backup. What is asked in it, and `pulumi`, are stand-ins;
 * the rehearsal has the real ones, with flags for a machine that has much else to do.
 */
let site: RestoreSite;
let variables: Record<string, string>;

beforeAll(async () => {
  site = await startMetricsSite();
  logInToNode(site);
  await site.backUp(301);
  const pulumi = new PulumiStandIn(site.folder, join(__dirname, "../../up/pulumi.cjs"));
  site.write("program.json", JSON.stringify({ prod: ["metrics"] }));
  const shell = nodeShell(site, node);
  // `pct exec` is the node's own; what it asks in the guest is a script here.
  writeProgram(join(shell, "pct"), `shift 3; exec "$1" "$2" "\${3//\\/usr\\/local\\/lib\\/lifeboat/${shell}}"`);
  writeProgram(join(shell, "monitoring-check"), "echo watching since 1790000000");
  variables = { PATH: `${shell}:${pulumi.variables["PATH"] ?? ""}` };
});

function writeProgram(file: string, text: string): void {
  writeFileSync(file, `#!/bin/bash\n${text}\n`, { mode: 0o755 });
}

afterAll(() => site.stop());

runLines("monitoring", () => ({
  site,
  variables,
  before: { "lifeboat rebuild monitoring --dry-run": () => site.destroy(301) },
}));

test("it is there again, and runs [F2, K1]", async () => {
  expect(await site.running(301)).toBe(true);
});
