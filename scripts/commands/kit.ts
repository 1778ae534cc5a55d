import * as z from "zod";
import { show } from "../inspect/inspection";
import { inspectKit, writeKitFile } from "../inspect/kit/inspect-kit";
import { canCarryProgram } from "../inspect/kit-record/kit-files";
import { kitShape, writtenKitShape } from "../inspect/kit/shape";
import { documentFormats } from "../terminal/document/formats";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "The break-glass file: everything that somebody needs who has nothing but a laptop and it. Whom to call, where what lies, which secrets are needed and where they are kept (never the secrets themselves), each step of a recovery in order with Lifeboat's command and the lines that do the same by hand on a node, the settings, and on request the program. It is made from the settings alone, asks no node, and changes nothing but the file. With `file` in lifeboat:kit lifeboat up keeps it up to date.",
  examples: [
    { command: "lifeboat kit", meaning: "read it" },
    { command: "lifeboat kit --out kit.html --with-program", meaning: "a page to print, with the program inside" },
    {
      command: "lifeboat kit --out kit.html.age --recipient age1… --with-secrets",
      meaning: "encrypted, with the passphrase and what else the shell gives",
    },
    { command: "lifeboat kit --refresh", meaning: "make the file anew that the settings name" },
  ],
  options: [
    { flags: "--format <format>", description: `what is printed: ${documentFormats.join(", ")} (default: text)` },
    {
      flags: "--out <file>",
      description: "write it into a file that ends with .txt, .md or .html, and .age behind it to encrypt it",
    },
    { flags: "--refresh", description: "write it into the file that the settings name, with the program" },
    {
      flags: "--recipient <keys>",
      description: "public keys of age to encrypt it for, with commas between them",
      isList: true,
    },
    { flags: "--with-program", description: "put the program itself into it, and what pulumi runs" },
    { flags: "--with-secrets", description: "put the secrets that the shell gives into it; only encrypted" },
    { flags: "--force", description: "replace a file that is in the way" },
  ],
  input: z
    .object({
      format: z.enum(documentFormats).default("text"),
      out: z.string().min(1).optional(),
      refresh: z.boolean().default(false),
      recipient: z
        .string()
        .transform((keys) => keys.split(",").map((key) => key.trim()))
        .refine(
          (keys) => keys.every((key) => /^age1[02-9ac-hj-np-z]{58}$/u.test(key)),
          "a public key of age is expected: age1…",
        )
        .default([]),
      withProgram: z.boolean().default(false),
      withSecrets: z.boolean().default(false),
      force: z.boolean().default(false),
    })
    .refine(({ out, refresh }) => out === undefined || !refresh, "--out and --refresh exclude each other")
    .refine(
      ({ out, refresh, recipient, withSecrets }) =>
        out !== undefined || refresh || (recipient.length === 0 && !withSecrets),
      "--recipient and --with-secrets go with a file: --out FILE.age",
    ),
  aim: ({ out }) => (out === undefined ? "make the break-glass file" : `write the break-glass file ${out}`),
  prints: { report: kitShape, "report, of a file": writtenKitShape },
  run: async ({ format, out, refresh, recipient, withProgram, withSecrets, force }, context) => {
    const site = await context.site();
    if (out === undefined && !refresh)
      return show(context, await inspectKit(site, { format, program: withProgram }, context));
    const request = {
      file: out,
      recipients: recipient,
      force,
      program: withProgram || (refresh && canCarryProgram(context)),
      secrets: withSecrets,
    };
    return show(context, await writeKitFile(site, request, context));
  },
});
