import { plainLines, plainText } from "../../../proxmox/api/plain-text";
import type { WantedNode } from "../../../site/replaced-node/wanted-node";
import { shellQuote } from "../../machine/shell-quote";
import { accessLines } from "./access-lines";
import { beginning, end, fileFunctions } from "./frame";
import { storageLines } from "./storage-lines";

/** Where the script comes from, for whoever reads it. */
export interface ScriptOrigin {
  /** `2026-11-20/command/node-030000Z of prod/web` */
  readonly saved: string;
  /** The line that makes it again. */
  readonly command: string;
}

/**
 * What a node had, as a script of the new one's own commands (H5). People read it, and run it; what is there already stays as it is.
 * Everything that comes from the saved files is data: it stands in quotes, without characters that a terminal would obey.
 */
export function nodeScript(wanted: WantedNode, { saved, command }: ScriptOrigin): string {
  const { old, now } = wanted;
  const what = old === now ? old : `${old}, for ${now}`;
  return [
    "#!/bin/sh",
    `# What of the node itself the saved configuration has of ${what}.`,
    `# From ${plainText(saved)}`,
    `# Made by: ${plainText(command)}`,
    "#",
    "# Read it, then run it as root there: without --apply it says what it would do, and changes nothing.",
    "# What is there already stays as it is: the same is left, and what differs is named. What was taken away after the configuration",
    "# was saved, such as a right, is missing for it: take those lines out.",
    "",
    beginning(shellQuote(now), shellQuote(`/root/lifeboat-${old}`)),
    ...part("Storages", storageLines(wanted)),
    ...part("Roles, groups, users, tokens, pools and rights", accessLines(wanted)),
    ...filesPart(wanted),
    ...part("What no command brings back", besideLines(wanted)),
    end.trimEnd(),
    "",
  ].join("\n");
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# ${title}`, ...lines, ""];
}

function filesPart({ clusterFirewall, hostFirewall, hadFirewall, interfaces }: WantedNode): string[] {
  const firewall = [
    ...(clusterFirewall === undefined
      ? []
      : heredoc(
          'firewall "firewall of the datacenter" /etc/pve/firewall/cluster.fw cluster.fw switched_off',
          clusterFirewall,
        )),
    ...(hostFirewall === undefined ? [] : heredoc("host_firewall", hostFirewall)),
    ...(hadFirewall
      ? [
          `is_on || later ${shellQuote("firewall: it was on. Look for addresses of the old node in it, keep a way in, then: pvesh set /cluster/firewall/options --enable 1")}`,
        ]
      : []),
  ];
  const network = interfaces === undefined ? [] : heredoc("network", interfaces);
  if (firewall.length === 0 && network.length === 0) return [];
  return [
    fileFunctions,
    ...part("Firewall: written where there is none, and switched off", firewall),
    ...part("Network: shown, and never switched on from here", network),
  ];
}

/** A file as the standard input of a command. */
function heredoc(command: string, content: string): string[] {
  const lines = plainLines(content.trimEnd()).split("\n");
  let mark = "END_OF_FILE";
  while (lines.includes(mark)) mark += "_";
  return [`${command} <<'${mark}'`, ...lines, mark];
}

function besideLines({ beside, unread, interfaces, now, old }: WantedNode): string[] {
  const missing = interfaces === undefined ? [`network of ${now}: the saved configuration has none of ${old}`] : [];
  const files = beside.length === 0 ? [] : [`look at what else was saved: ${beside.map(plainText).join(", ")}`];
  const lines = unread.map((line) => `a saved line that is not understood: ${plainText(line)}`);
  return [...missing, ...files, ...lines].map((text) => `later ${shellQuote(text)}`);
}
