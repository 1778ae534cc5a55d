import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { talkTo, type Turn } from "../../support/conversation";
import { linesRun } from "../../support/docs/shown";
import { RestoreSite } from "../restore/restore-site";
import { bundle } from "../support/run-bundle";

/** Lines of the pages as they stand there, typed by a person at a terminal. */
let site: RestoreSite;

beforeAll(async () => {
  const guests = [
    { id: 101, name: "web" },
    { id: 102, name: "db" },
    { id: 103, name: "mail" },
  ];
  site = await RestoreSite.start(guests, {
    settings: "  lifeboat:drill: { bridge: vmbr9, ids: { from: 9000, to: 9099 } }",
  });
  const starter = `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`;
  writeFileSync(join(site.folder, "lifeboat"), starter, { mode: 0o755 });
  for (const id of [101, 102, 103]) await site.backUp(id);
});

afterAll(() => site.stop());

/** Whoever is asked says yes, as often as it takes. */
const yes: readonly Turn[] = Array.from({ length: 6 }, () => ["● No", "y"] as const);

test.each(Object.entries(linesRun))("%s [K1, K3]", async (command, codes) => {
  const own = { PULUMI_CONFIG_PASSPHRASE: "correct horse", PATH: `${site.folder}:${site.env["PATH"] ?? ""}` };
  const env = { ...site.env, ...own };
  const { code, shown } = await talkTo({ command, cwd: site.project, env }, yes);
  expect({ code, shown: codes.includes(code ?? -1) ? "" : shown }).toEqual({ code: expect.any(Number), shown: "" });
});
