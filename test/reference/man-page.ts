import packageJson from "../../package.json";
import type { Command } from "../../scripts/commands/frame/command";
import { commands, sections } from "../../scripts/commands/registry";
import { exitCodeMeanings } from "../../scripts/terminal/exit-codes";

/** `man lifeboat`: every command with its examples, arguments and options. */
export async function manPage(): Promise<string> {
  const all = await Promise.all(
    commands.map(async ({ words, load }) => entry(words.join(" "), (await load()).command)),
  );
  return [
    String.raw`.\" Written by npm run reference from the commands themselves: change those, not this page.`,
    // Readers want a date: that of the first release that had the page.
    `.TH LIFEBOAT 1 2026-11-22 "lifeboat ${packageJson.version}" "Lifeboat"`,
    ".SH NAME",
    `lifeboat \\- ${text(packageJson.description)}`,
    ".SH SYNOPSIS",
    ".B lifeboat",
    ".I command",
    "[options]",
    ".SH DESCRIPTION",
    text(
      "Lifeboat is used in the folder of a project, which Pulumi.yaml marks; lifeboat init makes one. Restores begin with a plan that says what would be lost, and ask before they change anything.",
    ),
    ...sections.flatMap(({ title, commands: some }) => [
      `.SS "${text(title.replace(/:$/u, ""))}"`,
      ...some.flatMap(({ words, summary }) => tagged(words.join(" "), summary)),
    ]),
    ".SH OPTIONS OF EVERY COMMAND",
    ...tagged("--json", "print data and errors as JSON, one object a line"),
    ...tagged("--project <folder>", "folder of Pulumi.yaml (else LIFEBOAT_PROJECT, else upwards from here)"),
    ...tagged("--help", "print the help of the command"),
    ".SH COMMANDS",
    ...all.flat(),
    ".SH EXIT STATUS",
    ...exitCodeMeanings.flatMap(([code, meaning]) => tagged(String(code), meaning)),
    ".SH ENVIRONMENT",
    ...tagged("LIFEBOAT_PROJECT", "folder of Pulumi.yaml"),
    ...tagged("LIFEBOAT_PROXMOX_TOKEN_FILE", "file with the API token; with _PROD behind it that of prod alone"),
    ...tagged("PULUMI_CONFIG_PASSPHRASE_FILE", "file with the passphrase of the settings' secrets; the same"),
    ...tagged("NO_COLOR", "no colours"),
    ".SH SEE ALSO",
    text("docs/guides and docs/runbooks of Lifeboat's folder; docs/reference/json.md for what --json prints"),
    "",
  ].join("\n");
}

function entry(words: string, command: Command): string[] {
  const takes = command.arguments.map(({ name, required, variadic }) => {
    const word = variadic === true ? `${name}...` : name;
    return required ? `<${word}>` : `[${word}]`;
  });
  return [
    `.SS "${text(["lifeboat", words, ...takes].join(" "))}"`,
    text(command.description),
    ...command.arguments.flatMap(({ name, description }) => tagged(name, description)),
    ...command.options.flatMap(({ flags, description }) => tagged(flags, description)),
    ".PP",
    "Examples:",
    ...command.examples.flatMap(({ command: line, meaning }) => tagged(line, meaning)),
  ];
}

function tagged(term: string, meaning: string): string[] {
  return [".TP", `.B "${text(term)}"`, text(meaning)];
}

/** What roff would take for itself is escaped: backslash, hyphen as a minus, quotes, a dot or apostrophe that begins a line. */
function text(words: string): string {
  const escaped = words
    .replaceAll("\\", String.raw`\e`)
    .replaceAll("-", String.raw`\-`)
    .replaceAll('"', String.raw`\(dq`)
    .replaceAll("'", String.raw`\(aq`)
    .replaceAll("…", "...");
  return escaped.replace(/^(?=[.])/u, String.raw`\&`);
}
