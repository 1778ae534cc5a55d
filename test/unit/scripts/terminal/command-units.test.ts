import * as fc from "fast-check";
import { unbroken } from "../../../../scripts/terminal/command-units";
import { wrap } from "../../../../scripts/terminal/text";

test.each([
  ["add --force to confirm it", []],
  ["lifeboat restore guest web --at '2026-11-20 03:00'", ["lifeboat restore guest web --at '2026-11-20 03:00'"]],
  [
    "on the node, pveum user token list lifeboat@pve shows which there are; pveum user token remove lifeboat@pve cli, then again",
    ["pveum user token list lifeboat@pve", "pveum user token remove lifeboat@pve cli,"],
  ],
  [
    "lifeboat doctor prod names it, or export LIFEBOAT_PROJECT=FOLDER (any)",
    ["lifeboat doctor prod", "export LIFEBOAT_PROJECT=FOLDER"],
  ],
  [
    "set it: PULUMI_CONFIG_PASSPHRASE_FILE=/keys/prod lifeboat up prod",
    ["PULUMI_CONFIG_PASSPHRASE_FILE=/keys/prod lifeboat up prod"],
  ],
  ["add --stop --accept-loss --force if that is what you want", ["--stop --accept-loss --force"]],
  ["(lifeboat data web lists them)", ["(lifeboat data web"]],
  [
    `lifeboat restore point-in-time web shop --query "select count(*) from orders, items" --force; look at it`,
    [`lifeboat restore point-in-time web shop --query "select count(*) from orders, items" --force;`],
  ],
  ["the node's own pulumi's state is in lifeboat:offsite", []],
])("%j holds the command lines %j", (text, commands) => {
  const units = unbroken(text);
  expect(units.filter((unit) => unit.includes(" "))).toEqual(commands);
  expect(units.join(" ")).toBe(text);
});

test("a broken line loses no letter, and no command is broken, however narrow the terminal [K2]", () => {
  const word = fc.constantFrom(
    "look",
    "at",
    "the",
    "storage,",
    "lifeboat status prod;",
    "pulumi up -s prod",
    "and",
    "then",
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 1, max: 120 }), (words, columns) => {
      const lines = wrap(words.join(" "), columns);
      expect(lines.join(" ")).toBe(words.join(" "));
      for (const command of ["lifeboat status prod", "pulumi up -s prod"]) {
        expect(lines.join("\n").split(command)).toHaveLength(words.join(" ").split(command).length);
      }
    }),
  );
});
