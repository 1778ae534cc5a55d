import { resolve } from "node:path";
import { settingsPage } from "../../reference/settings-page";

const page = settingsPage(resolve(__dirname, "../../.."));

/** The row of a key in the section of a heading. */
function rowOf(heading: string, key: string): string {
  const section = page.split("\n## ").find((one) => one.startsWith(heading)) ?? "";
  return section.split("\n").find((line) => line.startsWith(`| \`${key}\``)) ?? "";
}

test("two mappings with the same keys are each told by their own comment [A6]", () => {
  expect(rowOf("`lifeboat:monitoring.receivers.NAME.webhook`", "url")).toContain("it is a secret, and stands in");
  expect(rowOf("`lifeboat:monitoring.receivers.NAME.ntfy`", "url")).toContain("The topic's address");
});
