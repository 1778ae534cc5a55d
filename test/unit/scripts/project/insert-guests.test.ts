import { parse } from "yaml";
import { adoptionBlock, type GuestBlock } from "../../../../scripts/project/guest-block";
import { insertGuests } from "../../../../scripts/project/insert-guests";
import { InsertError } from "../../../../scripts/project/yaml-places";
import type { Adoption } from "../../../../site/adoption";

const grace = { owner: "to be named", until: "2026-12-21" };
const plain: Adoption = { name: "legacy", id: 140, node: undefined, hostname: undefined, checks: [], disks: [] };
const legacy = adoptionBlock(plain, grace);
const full = adoptionBlock(
  {
    name: "no",
    id: 141,
    node: "pve-2",
    hostname: "old.example.com",
    checks: ["ping", "ssh"],
    disks: [{ key: "mp1", volume: "local:141/vm-141-disk-1.raw", reason: "left out: nobody has said why" }],
  },
  grace,
);

function insert(lines: readonly string[], guests: readonly GuestBlock[] = [legacy], end = "\n"): string[] {
  return insertGuests(lines.join(end), guests).split(end);
}

test("an entry is one line where it fits, and says everything otherwise; words of YAML are quoted [A10]", () => {
  expect(legacy.lines).toEqual([{ depth: 0, text: "legacy: { adopt: 140 }" }]);
  const text = insert(["config:", "  lifeboat:profile: prod"], [full]).join("\n");
  expect(text).toBe(
    [
      "config:",
      "  lifeboat:profile: prod",
      "  lifeboat:guests:",
      '    "no":',
      "      adopt: 141",
      "      node: pve-2",
      "      hostname: old.example.com",
      "      checks: [ping, ssh]",
      "      disks:",
      '        mp1: { backup: { exclude: "left out: nobody has said why", owner: to be named, until: 2026-12-21 } }',
    ].join("\n"),
  );
  expect(parse(`{ ${full.flow} }`)).toEqual(parse(text).config["lifeboat:guests"]);
});

test("behind the last guest and its comments, apart as the others are, with all the rest untouched [A10]", () => {
  const before = [
    "# top",
    "config:",
    "  lifeboat:guests:",
    "    web:   # the shop",
    '      adopt: "101"   ',
    "",
    "    db:",
    "      adopt: 102",
    "      # to do: more",
    "",
    "    # A guest that was made by hand:",
    "    # old: { adopt: 9 }",
    "",
    "  # Guests cannot be deleted through Pulumi.",
    "  lifeboat:protectGuests: true",
    "",
  ];
  const after = insert(before, [legacy, full]);
  expect(after.slice(0, 12)).toEqual(before.slice(0, 12));
  expect(after.slice(12, 16)).toEqual(["", "    legacy: { adopt: 140 }", "", '    "no":']);
  expect(after.slice(-4)).toEqual(before.slice(-4));
});

test("entries without blank lines between them get none; the file's own indentation is kept [A10]", () => {
  const before = ["config:", "    lifeboat:guests:", "        web: { adopt: 101 }", "        db: { adopt: 102 }"];
  expect(insert(before, [full]).slice(4)).toEqual([
    '        "no":',
    "            adopt: 141",
    "            node: pve-2",
    "            hostname: old.example.com",
    "            checks: [ping, ssh]",
    "            disks:",
    expect.stringMatching(/^ {16}mp1: /u),
  ]);
});

test.each([
  ["without a value", "  lifeboat:guests:", "  lifeboat:guests:"],
  ["with a comment", "  lifeboat:guests: # none yet", "  lifeboat:guests: # none yet"],
  ["with {}", "  lifeboat:guests: {} # none yet", "  lifeboat:guests: # none yet"],
  ["with null", "  lifeboat:guests: null", "  lifeboat:guests:"],
  ["with ~", "  'lifeboat:guests': ~", "  'lifeboat:guests':"],
])("an empty key %s gets its first entry below it [A10]", (_, line, kept) => {
  const rest = ["    # old: { adopt: 9 }", "", "  lifeboat:protectGuests: true", ""];
  const after = insert(["config:", line, ...rest]);
  expect(after).toEqual(["config:", kept, rest[0], "    legacy: { adopt: 140 }", ...rest.slice(1)]);
});

test("a missing key comes last in the settings, and a file without a last line end keeps none [A10]", () => {
  const before = ["config:", "  a:b: c", "", "  lifeboat:profile: prod # a comment"];
  expect(insert(before)).toEqual([...before, "", "  lifeboat:guests:", "    legacy: { adopt: 140 }"]);
  const salted = ["config:", "  lifeboat:profile: prod", "# the salt", "encryptionsalt: v1:x", ""];
  expect(insert(salted).slice(2)).toEqual(["  lifeboat:guests:", "    legacy: { adopt: 140 }", ...salted.slice(2)]);
});

test.each([
  ["one line", "{ web: { adopt: 101 } }", "{ web: { adopt: 101 }, legacy: { adopt: 140 } }"],
  ["a comma at the end", "{ web: { adopt: 101 }, }", "{ web: { adopt: 101 }, legacy: { adopt: 140 }, }"],
  [
    "several lines",
    "{\n    web: { adopt: 101 } # x\n  }",
    "{\n    web: { adopt: 101 }, legacy: { adopt: 140 } # x\n  }",
  ],
  ["only a comment", "{ # none\n  }", "{ legacy: { adopt: 140 }, # none\n  }"],
])("a mapping in braces stays one: %s [A10]", (_, before, after) => {
  const [head, tail] = ["config:\n  lifeboat:guests: ", "\n  lifeboat:profile: prod\n"];
  expect(insertGuests(head + before + tail, [legacy])).toBe(head + after + tail);
});

test.each([
  ["{ lifeboat:profile: prod }", "{ lifeboat:profile: prod, lifeboat:guests: { legacy: { adopt: 140 } } }"],
  ["{ lifeboat:guests: {}, a:b: c }", "{ lifeboat:guests: { legacy: { adopt: 140 } }, a:b: c }"],
  ["{ lifeboat:guests: , a:b: c }", "{ lifeboat:guests: { legacy: { adopt: 140 } }, a:b: c }"],
])("settings in braces stay so: %s [A10]", (before, after) => {
  expect(insertGuests(`config: ${before}\n`, [legacy])).toBe(`config: ${after}\n`);
});

test("line ends of Windows stay and are used [A10]", () => {
  const before = [
    "config:",
    "  lifeboat:guests:",
    "    web: { adopt: 101 }",
    "    # end",
    "  lifeboat:profile: prod",
    "",
  ];
  const after = insertGuests(before.join("\r\n"), [legacy]);
  expect(after.split("\r\n")).toEqual([...before.slice(0, 4), "    legacy: { adopt: 140 }", ...before.slice(4)]);
  expect(after.replaceAll("\r\n", "")).not.toContain("\n");
});

test("texts of several lines at the end of a guest stay as they are [A10]", () => {
  const before = [
    "config:",
    "  lifeboat:guests:",
    "    web:",
    "      description: |",
    "        one",
    "",
    "        two",
    "",
  ];
  const after = insert(before);
  expect(after.slice(0, 7)).toEqual(before.slice(0, 7));
  expect(after.slice(7)).toEqual(["    legacy: { adopt: 140 }", ""]);
});

test.each([
  ["nothing", ""],
  ["no settings", "encryptionsalt: v1:x\n"],
  ["settings without a value", "config:\n"],
  ["guests as JSON in a text", "config:\n  lifeboat:guests: '{\"web\":{}}'\n"],
  ["guests by an alias", "config:\n  a: &x { web: { adopt: 101 } }\n  lifeboat:guests: *x\n"],
  ["a name that is there", "config:\n  lifeboat:guests: { legacy: { adopt: 1 } }\n"],
])("what cannot be edited is refused, not guessed: %s [A10]", (_, text) => {
  expect(() => insertGuests(text, [legacy])).toThrow(InsertError);
});
