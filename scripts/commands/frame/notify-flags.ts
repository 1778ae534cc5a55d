import { resolve } from "node:path";
import * as z from "zod";
import type { Channel } from "../../clients/notify/channel";
import { mailAddress, mailChannel } from "../../clients/notify/mail";
import { ntfyChannel, parseAddress, webhookChannel } from "../../clients/notify/post";
import { readSecretFile } from "../../clients/notify/secret-file";
import type { CommandContext } from "../../project/context";
import type { KnownOption } from "../../terminal/known-command";

/** Who is told. Addresses on the web are secrets as often as not: they stand in files. */
export const notifyFlags: readonly KnownOption[] = [
  {
    flags: "--notify",
    description: "tell what has changed since it was told last; and while something needs you, once a day",
  },
  { flags: "--mail <address>", description: "with --notify: by the sendmail of this machine" },
  {
    flags: "--webhook <file>",
    description: "with --notify: JSON to the address in this file; further lines are headers",
  },
  { flags: "--ntfy <file>", description: "with --notify: to the topic of ntfy whose address is in this file" },
];

/** Their input. */
export const notifySchema = z.object({
  notify: z.boolean().default(false),
  mail: z
    .string()
    .regex(mailAddress, { error: "an address such as ops@example.org, or a user of this machine" })
    .optional(),
  webhook: z.string().min(1).optional(),
  ntfy: z.string().min(1).optional(),
});

type NotifyInput = z.output<typeof notifySchema>;

/** Whether channels and `--notify` come together. */
export function isComplete({ notify, mail, webhook, ntfy }: NotifyInput): boolean {
  return notify === [mail, webhook, ntfy].some((channel) => channel !== undefined);
}

/** The channels that are wanted. @throws CommandError (2), UnsafePath */
export function channelsOf(
  { mail, webhook, ntfy }: NotifyInput,
  { io, redactor }: Pick<CommandContext, "io" | "redactor">,
): Channel[] {
  const addressIn = (file: string) => {
    const path = resolve(io.workingDirectory, file);
    const address = parseAddress(path, readSecretFile(path));
    for (const secret of [address.url, ...Object.values(address.headers)]) redactor.remember(secret);
    return address;
  };
  return [
    ...(mail === undefined ? [] : [mailChannel(mail, io.environment)]),
    ...(webhook === undefined ? [] : [webhookChannel(addressIn(webhook))]),
    ...(ntfy === undefined ? [] : [ntfyChannel(addressIn(ntfy))]),
  ];
}

/** The same flags again, for the timer: from any folder. */
export function notifyWords({ mail, webhook, ntfy }: NotifyInput, folder: string): string[] {
  return [
    "--notify",
    ...(mail === undefined ? [] : ["--mail", mail]),
    ...(webhook === undefined ? [] : ["--webhook", resolve(folder, webhook)]),
    ...(ntfy === undefined ? [] : ["--ntfy", resolve(folder, ntfy)]),
  ];
}
