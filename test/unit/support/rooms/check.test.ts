import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { circles, wrongArrows } from "../../../support/rooms/check";
import { importsOf, sourcesIn, type Import } from "../../../support/rooms/imports";
import { arrows } from "../../../support/rooms/rooms";

/** `a.ts b.ts`: a imports b. */
function importing(...pairs: readonly string[]): Import[] {
  return pairs.map((pair) => {
    const [from = "", to = ""] = pair.split(" ");
    return { from, to };
  });
}

describe("arrows", () => {
  const table = { roof: ["house", "house/cellar"], "house/cellar": [], house: ["house/cellar", "garden"] };

  test("an import by a room of what it may not import is named with both files and what to do", () => {
    expect(wrongArrows(importing("house/door.ts roof/tile.ts", "house/cellar/shelf.ts garden/tree.ts"), table)).toEqual(
      [
        "house/door.ts imports roof/tile.ts: house may import house/cellar, garden. Move what it needs into one of these, or let its caller pass it in.",
        "house/cellar/shelf.ts imports garden/tree.ts: house/cellar may import no other room. Move what it needs into one of these, or let its caller pass it in.",
      ],
    );
  });

  test("a room imports its own files and those below it, and the innermost room of a file counts", () => {
    const fine = [
      "roof/tile.ts house/door.ts",
      "roof/tile.ts house/cellar/shelf.ts",
      "house/door.ts house/hall.ts",
      "house/door.ts house/cellar/shelf.ts",
      "house/kitchen/oven.ts garden/tree.ts",
      "anything.ts roof/tile.ts",
      "test/x.test.ts house/cellar/shelf.ts",
    ];
    expect(wrongArrows(importing(...fine), table)).toEqual([]);
    expect(wrongArrows(importing("house/cellar/shelf.ts house/door.ts"), table)).toHaveLength(1);
    expect(wrongArrows(importing("house/door.ts household/money.ts"), table)).toHaveLength(1);
  });

  test.each([
    ["site/coverage.ts", "scripts/terminal/text.ts"],
    ["site/coverage.ts", "proxmox/api/client.ts"],
    ["proxmox/api/client.ts", "site/coverage.ts"],
    ["components/refusal.ts", "scripts/terminal/text.ts"],
    ["components/refusal.ts", "stacks/index.ts"],
    ["scripts/recovery/undo/undo.ts", "scripts/commands/undo.ts"],
    ["scripts/recovery/undo/undo.ts", "scripts/inspect/points/points.ts"],
    ["scripts/recovery/rebuild/plan.ts", "scripts/recovery/return/plan.ts"],
    ["scripts/recovery/restore-guest/plan.ts", "scripts/recovery/undo/undo.ts"],
    ["scripts/recovery/undo/undo.ts", "scripts/recovery/return/plan.ts"],
    ["scripts/recovery/steps/guest/plan.ts", "scripts/recovery/undo/undo.ts"],
    ["scripts/recovery/engine/apply.ts", "scripts/recovery/steps/guest/plan.ts"],
    ["scripts/project/site.ts", "scripts/recovery/engine/apply.ts"],
    ["scripts/clients/ssh.ts", "scripts/project/site.ts"],
    ["scripts/machine/lock.ts", "scripts/terminal/text.ts"],
    ["scripts/toolchain/main.ts", "scripts/clients/ssh.ts"],
    ["scripts/toolchain/main.ts", "site/coverage.ts"],
    ["scripts/lifeboat.ts", "scripts/recovery/engine/apply.ts"],
    ["scripts/clients/ssh.ts", "test/support/encrypt.ts"],
    ["test/sandbox/model/site.ts", "test/sandbox/guests/volumes.ts"],
    ["test/sandbox/drivers/driver.ts", "test/sandbox/setup/up.ts"],
    ["test/sandbox/endpoints/nodes.ts", "scripts/terminal/text.ts"],
    ["test/sandbox/endpoints/nodes.ts", "proxmox/api/client.ts"],
  ])("%s must not import %s", (from, to) => {
    expect(wrongArrows([{ from, to }], arrows)).toHaveLength(1);
  });

  test.each([
    ["scripts/commands/undo.ts", "scripts/recovery/undo/undo.ts"],
    ["scripts/inspect/status/status.ts", "scripts/recovery/steps/guest/plan.ts"],
    ["scripts/recovery/undo/undo.ts", "scripts/recovery/engine/apply.ts"],
    ["scripts/recovery/undo/undo.ts", "scripts/recovery/restore-guest/plan.ts"],
    ["scripts/recovery/restore-guest/plan.ts", "scripts/recovery/restore-guest/batch/plan.ts"],
    ["stacks/index.ts", "proxmox/api/client.ts"],
    ["test/sandbox/conformance.ts", "test/sandbox/server/site-server.ts"],
  ])("%s may import %s", (from, to) => {
    expect(wrongArrows([{ from, to }], arrows)).toEqual([]);
  });

  test("every room of the table is a folder", () => {
    const project = resolve(__dirname, "../../../..");
    const places = [...new Set(Object.entries(arrows).flatMap(([room, below]) => [room, ...below]))];
    expect(places.filter((place) => !existsSync(join(project, place.replace("/*", ""))))).toEqual([]);
  });
});

describe("circles", () => {
  test("of files are named with the imports that make them", () => {
    expect(circles(importing("a/one.ts a/two.ts", "a/two.ts a/three.ts", "a/three.ts a/one.ts"))).toEqual([
      "a has a circle, one.ts → two.ts → three.ts → one.ts: a/one.ts imports a/two.ts; a/two.ts imports a/three.ts; a/three.ts imports a/one.ts. Move what both need to where it belongs, or into a file of its own.",
    ]);
  });

  test("of folders count although no file of theirs is in one, also between a folder and a file beside it", () => {
    expect(circles(importing("a/x/one.ts a/y/one.ts", "a/y/two.ts a/x/two.ts"))).toEqual([
      expect.stringMatching(/^a has a circle, x → y → x: a\/x\/one\.ts imports a\/y\/one\.ts; a\/y\/two\.ts imports/u),
    ]);
    expect(circles(importing("a/x/one.ts a/list.ts", "a/list.ts a/x/two.ts"))).toHaveLength(1);
    expect(circles(importing("a/x/one.ts b/one.ts", "b/two.ts a/y/one.ts"))).toEqual([
      expect.stringMatching(/^the project has a circle, a → b → a: /u),
    ]);
  });

  test("each is named once, and what leads to one is none", () => {
    const found = circles(importing("a/in.ts a/one.ts", "a/one.ts a/two.ts", "a/two.ts a/one.ts", "a/two.ts a/out.ts"));
    expect(found).toHaveLength(1);
    expect(circles(importing("a/x/one.ts a/y/one.ts", "a/x/two.ts a/y/one.ts", "a/y/one.ts b/z.ts"))).toEqual([]);
  });
});

test("imports are found in every form: values, types, handed on, at run time, and Node's own", () => {
  const project = mkdtempSync(join(tmpdir(), "rooms-"));
  try {
    const files: Readonly<Record<string, string>> = {
      "a/all.ts": `
        import { one } from "./one";
import "../b/two";
import type { Three } from "./three";
export * from "./four";
import * as z from "zod";
import {
  several,
} from "./one";
const five = () => import("./five.js");
const six = require("../b/six.cjs");
const folder = await import(
  "../b"
);
const none = import("./gone");`,
      ...Object.fromEntries(["a/one.ts", "b/two.ts", "a/three.ts", "a/four.ts", "a/five.ts"].map((file) => [file, ""])),
      "b/six.cjs": "",
      "b/index.ts": "",
      "b/notes.md": 'import "../a/all";',
      "b/node_modules/x/index.ts": 'import "../../two";',
    };
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), text);
    }
    const found = importsOf(project, sourcesIn(project, ["a", "b"]));
    expect(found.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(
      ["a/five.ts", "a/four.ts", "a/one.ts", "a/three.ts", "b/index.ts", "b/six.cjs", "b/two.ts"].map(
        (to) => `a/all.ts ${to}`,
      ),
    );
  } finally {
    rmSync(project, { recursive: true });
  }
});
