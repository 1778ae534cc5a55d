import { shellQuote } from "../../machine/shell-quote";
import { type Block, code, section, type Section, text } from "../../terminal/document/document";
import { parts } from "../../toolchain/parts";
import type { StackProgram } from "../kit-record/stack-program";

/** What of Lifeboat itself lies in a kit. */
export interface CarriedPrograms {
  readonly hasProgram: boolean;
  /** What pulumi runs, or why it is not in it; undefined where it was not asked for. */
  readonly stacks: StackProgram | undefined;
}

/** How the kit is unpacked, and all steps in one. */
export function laptop({ hasProgram, stacks }: CarriedPrograms): Section {
  const program = hasProgram
    ? "Needed: Node 20.19 or newer, and a network that reaches the addresses above. The program is at the end of this file, with the settings:"
    : "Needed: Node 20.19 or newer, the program (from the repository: npm ci, then dist/lifeboat.cjs), and a network that reaches the addresses above. The settings are at the end of this file:";
  return section(
    "Unpack",
    [
      text(program),
      code([
        "sed -n '/-----BEGIN LIFEBOAT KIT-----$/,/-----END LIFEBOAT KIT-----$/p' THIS-FILE | sed '1d;$d' | tr -d ' ' | base64 -d | tar -xz",
        "export LIFEBOAT_PROJECT=$PWD/project PULUMI_CONFIG_PASSPHRASE_FILE=PASSPHRASE-FILE",
        ...(hasProgram ? ['alias lifeboat="node $PWD/lifeboat.cjs"'] : []),
        "lifeboat doctor",
      ]),
      text(
        "All steps that follow in one: it says first what cannot be recovered, asks, and goes on where it was interrupted.",
      ),
      code(["lifeboat recover --dry-run", "lifeboat recover"]),
      ...pulumiBlocks(stacks),
      text(
        "Files below elsewhere/ lay outside of the project: put them where the settings say. doctor names what is missing.",
      ),
    ],
    3,
  );
}

/** What Pulumi makes needs more than guests do. */
function pulumiBlocks(stacks: StackProgram | undefined): Block[] {
  const rest = "Guests come back with nothing else. What Pulumi makes, the state store and backup jobs, needs";
  if (stacks === undefined || "why" in stacks) {
    return [
      text(
        `${rest} the repository and the pulumi CLI: without them it stops there, and the same command in the repository does the rest. Until then the lines by hand below make the jobs.`,
      ),
    ];
  }
  return [
    text(
      `${rest} the pulumi CLI, its plugins and libraries from the internet: without them it stops there, and when they are here the same command does the rest. Until then the lines by hand below make the jobs.`,
    ),
    code([
      `npm ci --omit=dev --ignore-scripts --prefix ${shellQuote(stacks.folder)}`,
      ...parts.filter(({ kind }) => kind === "plugin").map(pluginLine),
    ]),
  ];
}

/** Where Pulumi does not look for a plugin by itself. */
const pluginServers: Readonly<Record<string, string>> = {
  proxmoxve: "github://api.github.com/muhlba91/pulumi-proxmoxve",
};

function pluginLine({ name, version }: (typeof parts)[number]): string {
  const server = pluginServers[name];
  return `pulumi plugin install resource ${name} ${version}${server === undefined ? "" : ` --server ${server}`}`;
}
