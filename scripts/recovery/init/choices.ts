import type { StorageEntry } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { missingPrivileges } from "../../../proxmox/api/permissions";
import { missingLines, neededPrivileges } from "../../../proxmox/rules/privileges";
import type { CommandContext } from "../../project/context";
import { CommandError, usageError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import { explained, scopeWith, type SetupLines } from "./access";
import type { InitRequest } from "./request";

/** The node on which guests live whose settings name none. @throws CommandError (2, 14) */
export async function chooseNode(
  client: ProxmoxClient,
  { node }: InitRequest,
  context: CommandContext,
): Promise<string> {
  const names = await nodeNames(client);
  const [first, another] = names;
  if (node !== undefined && names.includes(node)) return node;
  if (node !== undefined) throw usageError(`there is no node '${node}'`, `there is: ${names.join(", ")}`);
  if (first !== undefined && another === undefined) return first;
  const question = {
    text: "On which node do guests live whose settings name none?",
    flag: `--node ${names.join(" or ")}`,
  };
  return context.prompts.choose(
    question,
    names.map((value) => ({ value, hint: "" })),
  );
}

/** Names of the cluster's nodes, in order. @throws CommandError (14) */
export async function nodeNames(client: ProxmoxClient): Promise<string[]> {
  return (await explained(() => client.cluster.nodes())).map((entry) => entry.node).sort();
}

/** Storages of a node, and which of them backups can go to. @throws CommandError (14) */
export async function storagesForBackups(
  client: ProxmoxClient,
  node: string,
): Promise<{ readonly all: readonly StorageEntry[]; readonly fit: readonly StorageEntry[] }> {
  const all = await explained(() => client.backups.storages(node));
  const fit = all.filter(
    ({ content, enabled, active }) => takesBackups(content) && enabled !== false && active !== false,
  );
  return { all, fit };
}

/**
 * The storage for backups, among those of the node that take some. It is adopted: nothing of Lifeboat changes or removes it.
 *
 * @throws CommandError (2, 14)
 */
export async function chooseStorage(
  client: ProxmoxClient,
  node: string,
  { storage }: InitRequest,
  context: CommandContext,
): Promise<string> {
  const { all, fit } = await storagesForBackups(client, node);
  const names = fit.map((entry) => entry.storage);
  if (storage !== undefined && names.includes(storage)) return storage;
  if (fit.length === 0 || (storage !== undefined && !all.some((entry) => entry.storage === storage))) {
    const what = storage === undefined ? "no storage that takes backups" : `no storage '${storage}'`;
    throw usageError(`${node} has ${what}, or the token may not see it`, seen(names));
  }
  const unfit = all.find((entry) => entry.storage === storage);
  if (unfit !== undefined) throw usageError(`${unfit.storage} on ${node} ${whyNot(unfit)}`, seen(names));
  const question = { text: "Which storage shall backups go to?", flag: `--storage ${names.join(" or ")}` };
  return context.prompts.choose(
    question,
    fit.map((entry) => ({ value: entry.storage, hint: roomOf(entry) })),
  );
}

function takesBackups(content = ""): boolean {
  return content.split(",").includes("backup");
}

function whyNot({ storage, content = "" }: StorageEntry): string {
  if (takesBackups(content)) return "is not active";
  return `does not take backups (pvesm set ${storage} --content ${content},backup)`;
}

function seen(names: readonly string[]): string {
  if (names.length > 0) return `storages that take backups: ${names.join(", ")}`;
  return "make one on the node, best on other disks than the guests': pvesm add dir backup --path /mnt/backup --content backup";
}

function roomOf({ type, avail, total, shared }: StorageEntry): string {
  const room =
    avail === undefined || total === undefined ? [] : [`${formatBytes(avail)} of ${formatBytes(total)} free`];
  return [type, ...room, ...(shared === true ? ["shared"] : [])].join(", ");
}

/**
 * The rights on the chosen storage, which the lines for the token could not name. Somebody who is there runs them and goes on;
 * else `doctor`, at the end, tells what is missing.
 */
export async function settleRights(
  client: ProxmoxClient,
  storage: string,
  lines: SetupLines,
  { prompts, talk }: CommandContext,
): Promise<void> {
  while (prompts.canAsk) {
    const missing = await explained(() => missingPrivileges(client, neededPrivileges(scopeWith([storage]))));
    if (missing.length === 0) return;
    talk.line(`The token lacks rights for what follows:`);
    for (const line of missingLines(missing)) talk.line(`  ${line}`);
    talk.line("These lines give them, as root on the node:");
    for (const line of lines([storage])) talk.line(`  ${line}`);
    if (
      !(await prompts.confirm({
        text: "Have you run them? (No: doctor names them again at the end)",
        flag: "--storage",
      }))
    )
      return;
  }
}

/** Refuses to be told no. @throws CommandError (13) */
export async function requireYes(text: string, force: boolean, { prompts }: CommandContext): Promise<void> {
  if (force || (await prompts.confirm({ text, flag: "--force" }))) return;
  throw new CommandError("you answered no; nothing was written", { exitCode: exitCodes.refused });
}
