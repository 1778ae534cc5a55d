import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { nodeScript } from "../../../../../scripts/inspect/node-script/write-script";
import { line } from "../../../../../scripts/inspect/node-script/words";
import { wantedNode } from "../../../../../site/replaced-node/wanted-node";
import { savedNode } from "../../../../support/new-node/saved-node";

const origin = { saved: "a dump", command: "lifeboat node-script pve-prod" };

test("words with any character reach the shell as they are, but for those that a terminal obeys [H5]", () => {
  const words = ["it's", "$(reboot)", "`id`", "two  words", "-n", "", "ü\\", 'a"b;c', "*", "#x", "~"];
  const printed = fc.sample(fc.string({ unit: "grapheme-ascii", maxLength: 12 }), { numRuns: 60, seed: 1 });
  const given = [...words, ...printed.map((text) => text.trimEnd())];
  const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${line(...given)}`], { encoding: "utf8" });
  expect(stdout.split("\0").slice(0, -1)).toEqual(given);
});

test("nothing of a saved file ends a quote, a comment or a here-document, or hides what follows [H5, N3]", () => {
  const hostile = new Map([
    ...savedNode,
    ["etc/pve/user.cfg", "user:x@pve:1:0:::a@b:c%0A%1b[2K'; reboot #:\nrole:y'$(reboot):VM.Audit:\nweird: \u001b[2K\n"],
    ["etc/pve/firewall/cluster.fw", "[OPTIONS]\nEND_OF_FILE\nEND_OF_FILE_\nreboot\u001b[1A\n"],
  ]);
  const script = nodeScript(wantedNode(hostile, "pve-prod", undefined), { ...origin, saved: "a\nreboot" });
  expect(spawnSync("sh", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  expect(script).toContain("# From a reboot\n");
  expect(script).toContain(String.raw`--comment 'c '\''; reboot #'`);
  expect(script).toContain("<<'END_OF_FILE__'\n[OPTIONS]\nEND_OF_FILE\nEND_OF_FILE_\nreboot\nEND_OF_FILE__\n");
  // eslint-disable-next-line no-control-regex
  expect(script).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u);
  expect(script).not.toMatch(/pveum role add y/u);
  expect(script).toContain("is not understood: etc/pve/user.cfg: role:y");
});
