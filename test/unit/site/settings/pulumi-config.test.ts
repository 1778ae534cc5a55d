import { parseSettings } from "../../../../site/settings/parse-settings";
import { fromPulumiConfig } from "../../../../site/settings/pulumi-config";
import { exampleSettings } from "../../../support/example-environment";

/** Settings as Pulumi hands them to a program. */
function asConfig(settings: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(settings).map(([key, value]) => [
    `lifeboat:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(entries);
}

test("the program's form of the settings means the same as the file's [A6]", () => {
  const settings = { ...exampleSettings(), protectGuests: false };
  expect(parseSettings(fromPulumiConfig(asConfig(settings)), { environment: "prod" })).toEqual(
    parseSettings(settings, { environment: "prod" }),
  );
});

test("keys of other namespaces are none of ours", () => {
  expect(fromPulumiConfig({ "aws:region": "eu-west-3", "lifeboat:profile": "lab" })).toEqual({ profile: "lab" });
});

test("text that only begins like JSON stays text, for the schema to refuse", () => {
  expect(fromPulumiConfig({ "lifeboat:guests": "{oops" })).toEqual({ guests: "{oops" });
});
