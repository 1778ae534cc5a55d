import { spawnSync } from "node:child_process";
import { nodeScript } from "../../../../../scripts/inspect/node-script/write-script";
import { wantedNode } from "../../../../../site/replaced-node/wanted-node";
import { shellcheck } from "../../../../support/debian-program";
import { savedNode } from "../../../../support/new-node/saved-node";

const linter = shellcheck();

(linter === undefined ? describe.skip : describe)("the script of a node", () => {
  test("is what shellcheck takes [H5]", () => {
    const script = nodeScript(wantedNode(savedNode, "pve-prod", undefined), { saved: "a dump", command: "x" });
    // Saved texts may hold what a shell would expand, and are not to be expanded.
    const words = ["--shell=sh", "--severity=style", "--exclude=SC2016", "--format=gcc", "-"];
    const { stdout, status } = spawnSync(linter ?? "", words, { input: script, encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });
});
