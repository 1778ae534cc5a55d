import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createClient, type ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { missingPrivileges } from "../../../proxmox/api/permissions";
import { missingLines, neededPrivileges, type PrivilegeScope } from "../../../proxmox/rules/privileges";
import { parseToken, shellCredential, tokenForm, tokenSource } from "../../../site/settings/credentials";
import { messageOf } from "../../machine/error-code";
import type { CommandContext } from "../../project/context";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { answered, expandHome, type InitRequest } from "./request";
import type { ChosenTrust } from "./trust";

/** A token that the node has accepted. */
export interface Access {
  readonly client: ProxmoxClient;
  readonly token: string;
  /** The variable that gives it, and goes on to; undefined: it is to be kept in the settings, encrypted. */
  readonly variable: string | undefined;
}

/** Lines for a shell of root on the node that make user, token and the rights to these storages. */
export type SetupLines = (backupStorages: readonly string[]) => readonly string[];

/** What a token is, as far as it is known before there are settings. */
export function scopeWith(backupStorages: readonly string[]): PrivilegeScope {
  return { vmids: [], storages: [], backupStorages, declaresStorage: false, pools: [] };
}

/**
 * The API token: what the shell gives, else a file, else what somebody types. It is tried at once.
 *
 * @throws CommandError (2, 14)
 */
export async function chooseToken(
  place: { readonly endpoint: string; readonly trust: ChosenTrust },
  request: InitRequest,
  lines: SetupLines,
  context: CommandContext,
): Promise<Access> {
  const { io, prompts } = context;
  const shell =
    request.tokenFile === undefined ? shellCredential(tokenSource, request.environment, io.environment) : undefined;
  const file = request.tokenFile ?? (shell?.kind === "file" ? shell.path : undefined);
  const given = file === undefined ? (shell?.kind === "value" ? shell.value : undefined) : readToken(file, context);
  if (given === undefined) tellHowToMakeToken(request, lines, context);
  const question = { text: `API token (${tokenForm}, or only the secret of lifeboat@pve!cli)?`, flag: "--token-file" };
  return answered(
    given,
    (asked) => prompts.secret(asked),
    question,
    async (text) => ({ ...(await tried(text, place, context)), variable: shell?.variable }),
    context,
  );
}

/** The lines for the node by which there is a token. */
export function tellHowToMakeToken(
  { storage }: Pick<InitRequest, "storage">,
  lines: SetupLines,
  { talk }: Pick<CommandContext, "talk">,
): void {
  talk.line();
  talk.paragraph(
    'Lifeboat needs an API token. Where there is none yet, paste these lines into a shell of root on the node; the last of them prints its secret as "value":',
  );
  talk.line();
  for (const line of lines(storage === undefined ? [] : [storage])) talk.line(`  ${line}`);
  talk.line();
}

/** @throws CommandError (2) */
function readToken(file: string, { io }: CommandContext): string {
  const path = resolve(io.workingDirectory, expandHome(file, io.environment));
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw usageError(`the token's file cannot be read: ${messageOf(error)}`, `write it there: ${tokenForm}`);
  }
}

/** What `pveum` prints as the value of a token: people copy it without the name before it. */
const bareSecret = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

/** @throws CommandError (2, 14) */
async function tried(
  text: string,
  { endpoint, trust }: { readonly endpoint: string; readonly trust: ChosenTrust },
  { redactor, defer, progress }: CommandContext,
): Promise<{ client: ProxmoxClient; token: string }> {
  const token = redactor.remember(bareSecret.test(text) ? `lifeboat@pve!cli=${text}` : text);
  const parsed = parseToken(token);
  if (parsed === undefined) throw usageError(`that is not of the form ${tokenForm}`);
  redactor.remember(parsed.secret);
  const client = createClient({ endpoint, trust, credential: { kind: "token", value: token } });
  defer(() => client.close());
  await progress.step(`sign in to ${endpoint} as ${parsed.id}`, () => explained(() => client.cluster.version()));
  return { client, token };
}

/** What a node refuses is told with what helps while there are no settings yet. @throws CommandError (14) */
export async function explained<Value>(ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    const hint = error instanceof ProxmoxError ? hints[error.kind] : undefined;
    if (hint === undefined || !(error instanceof ProxmoxError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.unavailable, hint, cause: error });
  }
}

const hints: Partial<Record<ProxmoxError["kind"], string>> = {
  unreachable: "is the node up, is the address right, and is its port open from here?",
  unauthorized:
    "on the node, pveum user token list lifeboat@pve shows which tokens there are, and until when; one whose secret is lost is made anew: pveum user token remove lifeboat@pve cli, then the lines of lifeboat init",
  forbidden: "run the lines on the node that lifeboat init prints, also when the user is there already",
  lost: "the node did not answer in time: is it busy? Run the same command again",
  unexpected: "is that really the address of a Proxmox VE node? Its web interface has port 8006",
};

/**
 * Wants the rights without which nothing can be chosen: a list that leaves out what the token may not see looks like an empty one.
 *
 * @throws CommandError (14)
 */
export async function requireRights(client: ProxmoxClient, scope: PrivilegeScope, lines: SetupLines): Promise<void> {
  const looking = neededPrivileges(scope).filter(({ features }) => features.includes("look"));
  const missing = await explained(() => missingPrivileges(client, looking));
  if (missing.length === 0) return;
  throw new CommandError(`the token may not look: ${missingLines(missing).join("; ")}`, {
    exitCode: exitCodes.unavailable,
    hint: ["run these lines as root on the node, then the same command again:", ...lines(scope.backupStorages)].join(
      "\n  ",
    ),
  });
}
