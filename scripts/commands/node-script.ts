import * as z from "zod";
import { parseMapping } from "../../site/replaced-node/node-mapping";
import { nodeName } from "../../site/settings/values/names";
import { show } from "../inspect/inspection";
import { inspectNodeScript } from "../inspect/node-script/inspect-node-script";
import { nodeScriptShape } from "../inspect/node-script/shape";
import { shellQuote } from "../machine/shell-quote";
import { usageError } from "../terminal/command-error";
import { defineCommand } from "./frame/command";
import { identityFlag, identityOf } from "./frame/restore-data-flags";

const names = z
  .string()
  .optional()
  .transform((text) => (text ?? "").split(",").filter((name) => name !== ""));

export const command = defineCommand({
  description:
    "What of a lost node itself is needed on the one that stands in for it: storages, roles, groups, users, tokens, pools, rights, firewall and network, from the newest saved configuration of that node, as a shell script of the node's own commands. It is only shown: somebody reads it and runs it as root on the new node. There it looks, and with --apply adds what is missing; what is there already it never changes. Passwords and secrets of tokens are in no saved configuration: the script says what is made anew, and by which line.",
  examples: [
    { command: "lifeboat node-script pve-prod", meaning: "installed again under the same name" },
    {
      command: "lifeboat node-script pve-prod --map pve-prod=pve-new --storage local=tank",
      meaning: "another node stands in for it, with the names that lifeboat recover gets",
    },
    { command: "lifeboat node-script pve-prod --from offsite --out node.sh", meaning: "from the copies elsewhere" },
    {
      command: "lifeboat node-script pve-prod --from item-1.dump.zst",
      meaning: "from a dump on this machine, or the folder that it was unpacked into",
    },
  ],
  arguments: [{ name: "node", description: "as it was called when its configuration was saved", required: true }],
  options: [
    {
      flags: "--map <names>",
      description: "how nodes are called now: pve-prod=pve-new; several by commas",
      isList: true,
    },
    {
      flags: "--storage <names>",
      description:
        "storages of the new node that stand for those of the old one: local=tank; several by commas; with --map",
      isList: true,
    },
    {
      flags: "--from <place>",
      description:
        "'offsite': the copies in lifeboat:offsite; or a file or folder on this machine (default: the guests whose data have it)",
    },
    { flags: "--dump <name>", description: "this dump in place of the newest; 'lifeboat data' lists them" },
    identityFlag,
    { flags: "--out <file>", description: "write it into a new file" },
  ],
  input: z
    .object({
      node: nodeName,
      map: names,
      storage: names,
      from: z.string().min(1).optional(),
      dump: z.string().min(1).optional(),
      identity: z.string().optional(),
      out: z.string().min(1).optional(),
    })
    .refine(({ from, dump }) => dump === undefined || from === undefined || from === "offsite", {
      error: "--dump names one of a guest or of the copies elsewhere; --from FILE is one already",
    }),
  aim: ({ node }) => `write the script of ${node}`,
  prints: { report: nodeScriptShape },
  run: async ({ node, map, storage, from, dump, identity, out }, context) => {
    const mapping = parseMapping(map, storage);
    if (mapping !== undefined && "problem" in mapping) throw usageError(mapping.problem, mapping.hint);
    const words = [
      "lifeboat",
      "node-script",
      node,
      ...(map.length === 0 ? [] : ["--map", map.join(",")]),
      ...(storage.length === 0 ? [] : ["--storage", storage.join(",")]),
      ...(from === undefined ? [] : ["--from", from]),
      ...(dump === undefined ? [] : ["--dump", dump]),
    ];
    const command = words.map(shellQuote).join(" ");
    const wish = { node, mapping, from, dump, identity: identityOf({ identity }, context), out, command };
    return show(context, await inspectNodeScript(wish, context));
  },
});
