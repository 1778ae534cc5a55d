import type { ProxmoxClient } from "../../../proxmox/api/client";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import { type CommandError, usageError } from "../../terminal/command-error";
import { type SetupLines, tellHowToMakeToken } from "./access";
import { type Answer, answersOf, namesOf, trustFlags } from "./answers";
import { nodeNames, storagesForBackups } from "./choices";
import type { InitRequest } from "./request";

/** What a node has to choose from. */
interface Offered {
  readonly nodes: readonly string[];
  readonly storages: readonly string[];
}

/**
 * Tells a script of all its missing answers at once, before the node is asked: without address or token it cannot be. How a token is made
 * comes with that.
 *
 * @throws CommandError (2)
 */
export function requireAddressAndToken(request: InitRequest, lines: SetupLines, context: CommandContext): void {
  if (context.prompts.canAsk) return;
  const answers = answersOf(request, context);
  const lacks = (flag: string): boolean => answers.some(({ flags, words }) => words === undefined && flags === flag);
  if (lacks("--token-file")) tellHowToMakeToken(request, lines, context);
  else if (!lacks("--endpoint")) return;
  throw refusal(request, answers, undefined, context);
}

/**
 * Tells a script of all other missing answers at once, with what the node has to choose from.
 *
 * @throws CommandError (2, 14)
 */
export async function requireTheRest(
  client: ProxmoxClient,
  request: InitRequest,
  context: CommandContext,
): Promise<void> {
  // By now the node has proven itself in one way or another.
  const answers = answersOf(request, context).filter(({ flags, words }) => words !== undefined || flags !== trustFlags);
  if (context.prompts.canAsk || answers.every(({ words }) => words !== undefined)) return;
  const nodes = await nodeNames(client);
  const node = request.node ?? (nodes.length === 1 ? nodes[0] : undefined);
  const isThere = node !== undefined && nodes.includes(node);
  const storages = isThere ? (await storagesForBackups(client, node)).fit.map(({ storage }) => storage) : [];
  throw refusal(request, answers, { nodes, storages }, context);
}

function refusal(
  request: InitRequest,
  known: readonly Answer[],
  offered: Offered | undefined,
  { prompts, project }: Pick<CommandContext, "prompts" | "project">,
): CommandError {
  const answers = known.map((answer) => withOffered(answer, offered));
  const missing = answers.filter(({ words }) => words === undefined);
  const line = [
    "lifeboat",
    ...(project === undefined ? [] : ["--project", project]),
    "init",
    request.environment,
    ...answers.flatMap(({ words, example }) => words ?? example),
    ...request.further,
  ];
  const choices = [
    ...(offered === undefined || request.node !== undefined || offered.nodes.length < 2
      ? []
      : [`nodes: ${offered.nodes.join(", ")}`]),
    ...(request.storage !== undefined || offered === undefined || offered.storages.length === 0
      ? []
      : [`storages that take backups: ${offered.storages.join(", ")}`]),
  ];
  const own = choices.length === 0 ? "with your own values" : choices.join("; ");
  return usageError(
    `${prompts.whyNobody}, and ${namesOf(missing)} ${missing.length === 1 ? "is" : "are"} missing`,
    [`all in one line (${own}):`, `  ${line.map(shellQuote).join(" ")}`].join("\n"),
    { missing: missing.map(({ flags }) => flags) },
  );
}

/** An answer with what the node has in its example. Where there are several nodes, one has to be named. */
function withOffered(answer: Answer, offered: Offered | undefined): Answer {
  if (offered === undefined) return answer;
  const [node = "", another] = offered.nodes;
  if (answer.flags === "--node" && answer.words?.length === 0 && another !== undefined) {
    return { ...answer, words: undefined, example: ["--node", node] };
  }
  const [storage] = offered.storages;
  return answer.flags === "--storage" && storage !== undefined
    ? { ...answer, example: ["--storage", storage] }
    : answer;
}
