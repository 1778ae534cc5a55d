import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { missingForArchivesOf, missingToSee } from "../../../../proxmox/api/permissions";
import { missingLines } from "../../../../proxmox/rules/privileges";
import { formatMoment } from "../../../../site/restore/moments";
import type { MeantGuest } from "../../../../site/restore/identity";
import type { Guest } from "../../../../site/settings/environment";
import { groupBy } from "../../../machine/group-by";
import type { CommandContext } from "../../../project/context";
import type { LoadedEnvironment } from "../../../project/site";
import { setupHint } from "../../../clients/failure";
import { exitCodes } from "../../../terminal/exit-codes";
import type { Refusal } from "../../engine/batch";
import { isOpen, type Journal, type JournalError } from "../../engine/journal";
import { refusalOf } from "../../engine/refusal";
import { clientOf, type Session, halfDone, readable, stateOf, takeLock } from "../../engine/session";
import { type StateFolder, worksOn } from "../../engine/state-folder";
import { isNode } from "../../engine/subject";
import { meantGuest, refuseAnotherGuest } from "../../steps/guest/meant-guest";
import { rightsFor } from "../../steps/guest/rights";
import { type BackupOptions, backupOptions } from "../plan";
import { requireStorage } from "../require-storage";
import type { BackupRun, RunGuest } from "./plan";

/** A command at work on all guests of an environment. */
export interface EnvironmentAtWork {
  readonly environment: LoadedEnvironment;
  /** Refuses everything but GET when the run is dry. */
  readonly client: ProxmoxClient;
  readonly state: StateFolder;
}

/** @throws CommandError (2, 12) */
export async function environmentAtWork(
  environment: LoadedEnvironment,
  context: CommandContext,
  dryRun: boolean,
): Promise<EnvironmentAtWork> {
  return { environment, client: await clientOf(environment, dryRun), state: stateOf(environment, context) };
}

/** How the guests of one environment are backed up, and which of them cannot be. */
interface EnvironmentRuns {
  readonly runs: readonly BackupRun[];
  readonly refused: readonly Refusal[];
}

/**
 * One whose node does not answer does not keep the others from being backed up.
 *
 * @param superseded ids of what is half done and keeps no guest from being backed up
 */
export async function planEnvironment(
  environment: EnvironmentAtWork,
  superseded: ReadonlySet<string>,
  command: string | undefined,
  context: CommandContext,
): Promise<EnvironmentRuns> {
  try {
    const plan = await planRuns(environment, superseded);
    return command === undefined ? plan : lockRuns(plan, environment, command, context);
  } catch (error) {
    return { runs: [], refused: [refusalOf(environment.environment.name, error)] };
  }
}

/** Decides as the environment's job would do it: one run for each node, with the job's options. Read only. */
async function planRuns(atWork: EnvironmentAtWork, superseded: ReadonlySet<string>): Promise<EnvironmentRuns> {
  const { client, environment, state } = atWork;
  const { name, settings } = environment;
  const half = readable(() => halfDoneOn(state, superseded));
  const wanted = settings.guests.filter(({ optOut }) => optOut === undefined);
  const [listed, options] = await Promise.all([client.cluster.guests(), backupOptions(client, settings)]);
  const nodeOf = new Map(listed.map(({ vmid, node }) => [vmid, node]));
  const ids = wanted.map(({ id }) => id);
  const missing = await missingForArchivesOf(client, options.storage, ids, new Set(nodeOf.keys()));
  const unlisted = ids.filter((id) => !nodeOf.has(id));
  const facts = { nodeOf, missing, hidden: await missingToSee(client, unlisted), half };
  const found = readable(() => wanted.map((guest) => placeOrRefuse(guest, facts, atWork)));
  const typeOf = new Map(listed.map(({ vmid, type }) => [vmid, type]));
  const placed = await Promise.all(
    found.map((one, index) => {
      const type = "node" in one ? typeOf.get(one.id) : undefined;
      const guest = wanted[index];
      if (!("node" in one) || type === undefined || guest === undefined) return one;
      return ownOrRefuse(client, name, { ...one, type }, meantGuest(guest, settings));
    }),
  );
  const byNode = groupBy(
    placed.flatMap((one) => ("node" in one ? [one] : [])),
    ({ node }) => node,
  );
  const runs = await Promise.all(
    [...byNode].map(([node, guests]) => runOrRefuse(atWork, { node, guests: guests.map(briefly) }, options)),
  );
  return {
    runs: runs.flatMap((run) => (Array.isArray(run) ? [] : [run])),
    refused: [
      ...placed.flatMap((one) => ("node" in one ? [] : [one])),
      ...runs.flatMap((run) => (Array.isArray(run) ? run : [])),
    ],
  };
}

interface GuestFacts {
  readonly nodeOf: ReadonlyMap<number, string>;
  readonly missing: Awaited<ReturnType<typeof missingForArchivesOf>>;
  readonly hidden: Awaited<ReturnType<typeof missingToSee>>;
  readonly half: HalfDone;
}

/** What keeps guests from being backed up: operations that have not ended, and journals that cannot be read. */
interface HalfDone {
  readonly open: readonly Journal[];
  readonly unreadable: ReadonlyMap<number | undefined, JournalError>;
}

/** @throws JournalError for a run over several guests that cannot be read: it may be one over any of them */
function halfDoneOn(state: StateFolder, superseded: ReadonlySet<string>): HalfDone {
  const { journals, unreadable } = state.readAll();
  const run = unreadable.find(({ number }) => number !== undefined && isNode({ id: number }));
  if (run !== undefined) throw run.error;
  return {
    open: journals.filter((journal) => isOpen(journal) && !superseded.has(journal.contents.id)),
    unreadable: new Map(unreadable.map(({ number, error }) => [number, error])),
  };
}

interface PlacedGuest {
  readonly name: string;
  readonly id: number;
  /** That runs it now. */
  readonly node: string;
}

function placeOrRefuse(
  { name, id, node: declared }: Guest,
  { nodeOf, missing, hidden, half }: GuestFacts,
  { environment }: EnvironmentAtWork,
): PlacedGuest | Refusal {
  const subject = `${environment.name}/${name}`;
  const lacking = [...(missing.get(id) ?? []), ...[hidden.get(id) ?? []].flat()];
  if (lacking.length > 0) {
    const privileges = lacking.map(({ privilege }) => privilege);
    const storages = [environment.settings.backup.storage.id];
    const message = missingLines(rightsFor(privileges, { guests: [id], storages })).join("; ");
    return { subject, exitCode: exitCodes.unavailable, message, hint: setupHint };
  }
  const node = nodeOf.get(id);
  if (node === undefined) {
    return { subject, exitCode: exitCodes.failed, message: `there is no guest ${id} on ${declared}` };
  }
  const unreadable = half.unreadable.get(id);
  if (unreadable !== undefined) {
    return { subject, exitCode: exitCodes.failed, message: unreadable.message, hint: unreadable.hint };
  }
  const waitsFor = half.open.find((journal) => {
    const { guest } = journal.contents;
    return isNode(guest) ? worksOn(journal, id) : guest?.id === id;
  });
  return waitsFor === undefined ? { name, id, node } : refusalOf(subject, halfDone({ environment }, waitsFor));
}

/** A backup of another guest would prune the archives of the one that is meant. */
async function ownOrRefuse(
  client: ProxmoxClient,
  environment: string,
  { type, ...guest }: PlacedGuest & { readonly type: "lxc" | "qemu" },
  meant: MeantGuest,
): Promise<PlacedGuest | Refusal> {
  const { node, id: vmid, name } = guest;
  const address = { node, type, vmid };
  try {
    refuseAnotherGuest(address, await client.guests.guestConfig(address), meant);
    return guest;
  } catch (error) {
    return refusalOf(`${environment}/${name}`, error);
  }
}

function briefly({ name, id }: RunGuest): RunGuest {
  return { name, id };
}

/** A node that cannot store a backup does not keep the others from theirs. */
async function runOrRefuse(
  { client, environment }: EnvironmentAtWork,
  { node, guests }: Pick<BackupRun, "node" | "guests">,
  options: BackupOptions,
): Promise<BackupRun | Refusal[]> {
  const { name } = environment;
  try {
    await requireStorage(client, { node, storage: options.storage }, environment);
  } catch (error) {
    return guests.map((guest) => refusalOf(`${name}/${guest.name}`, error));
  }
  return planRun(client, { environment: name, node, guests }, options);
}

async function planRun(
  client: ProxmoxClient,
  { environment, node, guests }: Pick<BackupRun, "environment" | "node" | "guests">,
  { storage, request, remarks }: BackupOptions,
): Promise<BackupRun> {
  const active = await client.tasks.list(node, { source: "active", typefilter: "vzdump" });
  const running = active.filter(({ type, endtime }) => type === "vzdump" && endtime === undefined);
  const { timezone } = await client.cluster.nodeTime(node);
  const waits = running.map(
    ({ starttime, user = "somebody" }) =>
      `a backup of ${user} is at work on ${node} since ${formatMoment(starttime, timezone)}: this one waits for it`,
  );
  return {
    environment,
    node,
    storage,
    guests: guests.toSorted((a, b) => a.id - b.id),
    request,
    remarks: [...remarks, ...waits],
  };
}

/** Guests that another run on this machine is at work on are taken out of the plan. */
function lockRuns(
  { runs, refused }: EnvironmentRuns,
  { environment, state }: EnvironmentAtWork,
  command: string,
  context: CommandContext,
): EnvironmentRuns {
  const locked: Refusal[] = [];
  const free = runs.map((run): BackupRun => {
    const guests = run.guests.filter((guest) => {
      const refusal = lockGuest({ context, environment, state }, guest, command);
      if (refusal !== undefined) locked.push(refusal);
      return refusal === undefined;
    });
    return { ...run, guests };
  });
  return { runs: free.filter(({ guests }) => guests.length > 0), refused: [...refused, ...locked] };
}

/** Keeps other runs on this machine away from a guest until the command has ended. @returns why that cannot be */
export function lockGuest(
  { context, environment, state }: Pick<Session, "context" | "environment" | "state">,
  { name, id }: RunGuest,
  command: string,
): Refusal | undefined {
  try {
    takeLock({ context, state, subject: { kind: "guest", id } }, command);
    return undefined;
  } catch (error) {
    return refusalOf(`${environment.name}/${name}`, error);
  }
}
