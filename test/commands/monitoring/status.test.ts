import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { RestoreSite } from "../restore/restore-site";
import { logInToNode, nodeShell } from "../support/site/node-ssh";
import { startMetricsSite } from "./metrics-site";

/** What `lifeboat status` says of the monitoring. That the check asks real services is in the rehearsal. */

let site: RestoreSite;
let PATH: string;

beforeAll(async () => {
  site = await startMetricsSite();
  logInToNode(site);
  const folder = nodeShell(site, "pve-prod");
  PATH = `${folder}:${site.env["PATH"] ?? ""}`;
  // `pct exec` is the node's own; the guest's check is the one that a test writes.
  const pct = ["#!/bin/bash", `shift 3; exec "$1" "$2" "\${3//\\/usr\\/local\\/lib\\/lifeboat/${folder}}"`];
  writeProgram("pct", pct.join("\n"));
});

afterAll(() => site.stop());

function writeProgram(name: string, text: string): void {
  const file = join(PATH.split(":")[0] ?? "", name);
  writeFileSync(file, `${text}\n`);
  chmodSync(file, 0o755);
}

const found = z.object({
  environments: z.tuple([z.object({ monitoring: z.record(z.string(), z.unknown()), problems: z.array(z.string()) })]),
});

async function status(environment: Record<string, string> = {}) {
  const { stdout } = await site.lifeboat(["status", "prod", "--json"], { env: { PATH, ...environment } });
  const { monitoring, problems } = found.parse(JSON.parse(stdout)).environments[0];
  return { monitoring, problems: problems.filter((text) => text.includes("monitoring")) };
}

test("monitoring that watches is told with the time since when there are measurements [F2, C1]", async () => {
  const since = Math.floor(Date.now() / 1_000) - 9 * 86_400;
  writeProgram("monitoring-check", `#!/bin/sh\necho watching since ${String(since)}`);
  expect(await status()).toEqual({
    monitoring: { guest: "metrics", watches: true, since, trouble: null },
    problems: [],
  });
  const { stdout } = await site.lifeboat(["status", "prod"], { env: { PATH } });
  expect(stdout).toMatch(/watching +metrics, measurements since .* \(9 d ago\)/u);
});

test("monitoring that does not watch is a problem, with what its check says and how to bring it back [C1]", async () => {
  writeProgram("monitoring-check", "#!/bin/sh\necho Prometheus reaches 1 of 2 targets of the job lifeboat\nexit 1");
  expect(await status()).toEqual({
    monitoring: {
      guest: "metrics",
      watches: false,
      since: null,
      trouble: "Prometheus reaches 1 of 2 targets of the job lifeboat",
    },
    problems: [
      "monitoring in metrics does not watch: Prometheus reaches 1 of 2 targets of the job lifeboat; to bring it back: lifeboat rebuild monitoring",
    ],
  });
});

test("monitoring that nobody can look at is neither: that is said [C1, K6]", async () => {
  const { monitoring, problems } = await status({ SSH_FAILS: "yes" });
  expect(monitoring).toMatchObject({ watches: null, trouble: expect.stringContaining("Permission denied") });
  expect(problems).toEqual([
    expect.stringMatching(/^whether monitoring in metrics watches is not known: pct exec 301/u),
  ]);
});

test("monitoring whose guest is stopped does not watch, whatever SSH says [C1]", async () => {
  const guest = { node: "pve-prod", type: "lxc", vmid: 301 } as const;
  await site.client.tasks.wait(await site.client.guests.stop(guest));
  expect((await status({ SSH_FAILS: "yes" })).monitoring).toMatchObject({
    watches: false,
    trouble: "its guest does not run",
  });
});
