import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { plainText } from "../../../../proxmox/api/plain-text";
import { isSavePoint } from "../../../../site/restore/save-point";
import { failureOf } from "../../../clients/failure";
import type { NodeLogin } from "../../../clients/keys-on-node";
import type { CommandContext } from "../../../project/context";
import type { LoadedEnvironment } from "../../../project/environment";
import { StateFolder } from "../../../recovery/engine/state-folder";
import { nodeLogin } from "../../../recovery/steps/guest/log-in";
import type { StorageFacts } from "../../status/backup-storages";
import type { ArchiveRow, EnvironmentReport } from "./archives-page";
import { FileVerifier } from "./file-verifier";
import { ServerVerifier } from "./server-verifier";
import { type ListedArchive, listArchives } from "./listed";
import { missingArchives } from "./missing";
import { momentsOf } from "./node-clocks";
import { type VerifiedArchive, verifyArchives } from "./verify-archives";

/** What is to be verified of an environment. */
export interface ArchiveWish {
  readonly environment: LoadedEnvironment;
  /** Numbers of guests; undefined: every archive on the storages, also of guests that the settings do not have. */
  readonly only: ReadonlySet<number> | undefined;
}

/** An environment with what is to be read of it. */
interface ListedEnvironment extends ArchiveWish {
  readonly client: ProxmoxClient;
  /** Archives that no environment before it has: environments may share a node. */
  readonly fresh: readonly ListedArchive[];
  readonly storages: StorageFacts;
  readonly cores: ReadonlyMap<string, number>;
}

/** Verifies the archives of several environments. One that cannot be asked does not keep the others from it. */
export async function inspectArchives(
  wishes: readonly ArchiveWish[],
  context: CommandContext,
  deadline: number | undefined,
): Promise<EnvironmentReport[]> {
  const reports = new Map<string, EnvironmentReport>();
  const attempt = async <Value>({ name }: LoadedEnvironment, run: () => Promise<Value>): Promise<Value | undefined> => {
    if (context.signal.aborted) return undefined;
    try {
      return await run();
    } catch (error) {
      if (context.signal.aborted) return undefined;
      const failure = failureOf(error, `verify the archives of ${name}`);
      if (failure.stack !== undefined) throw error;
      reports.set(name, { environment: name, error: failure.message });
      return undefined;
    }
  };
  const done = new Set<string>();
  const listed: ListedEnvironment[] = [];
  for (const wish of wishes) {
    const one = await attempt(wish.environment, () => listOne(wish, context, done));
    if (one !== undefined) listed.push(one);
  }
  // Where time may run out, an environment that always came first would keep it from the others for ever.
  const inTurn = deadline === undefined ? listed : listed.toSorted((a, b) => lastVerified(a) - lastVerified(b));
  for (const one of inTurn) {
    const report = await attempt(one.environment, () => inspectOne(one, context, deadline));
    if (report !== undefined) reports.set(report.environment, report);
  }
  return wishes.flatMap(({ environment }) => reports.get(environment.name) ?? []);
}

/** When the archive was verified that waits the longest. */
function lastVerified({ fresh: [first] }: ListedEnvironment): number {
  return first === undefined ? Infinity : (first.record?.time ?? 0);
}

/** @param done archives of environments before it. */
async function listOne(wish: ArchiveWish, { progress }: CommandContext, done: Set<string>): Promise<ListedEnvironment> {
  const { environment } = wish;
  const client = await environment.client();
  const { settings, name } = environment;
  const keyOf = ({ archive }: ListedArchive): string => `${settings.proxmox.endpoint} ${archive.node} ${archive.volid}`;
  return progress.step(`list the archives of ${name}`, async () => {
    const { archives: listed, storages } = await listArchives(client, environment, (vmid) => isWanted(wish, vmid));
    const cores = await coresOf(client);
    const fresh = listed.filter((one) => !done.has(keyOf(one)));
    for (const one of fresh) done.add(keyOf(one));
    return { ...wish, client, fresh, storages, cores };
  });
}

function isWanted({ only }: ArchiveWish, vmid: number | undefined): boolean {
  return only === undefined || (vmid !== undefined && only.has(vmid));
}

async function inspectOne(
  one: ListedEnvironment,
  { io, signal, progress }: CommandContext,
  deadline: number | undefined,
): Promise<EnvironmentReport> {
  const { environment, client, fresh, storages, cores } = one;
  const { settings, name } = environment;
  const momentOn = momentsOf(client);
  const files = new FileVerifier({
    client,
    login: loginOf(environment, io.environment),
    momentOn,
    numberOf: (mark) =>
      mark.environment === name ? settings.guests.find((guest) => guest.name === mark.guest)?.id : undefined,
    signal,
  });
  const verified = await verifyArchives(fresh, {
    client,
    files,
    servers: new ServerVerifier(client, momentOn),
    coresOf: (node) => Math.max(1, cores.get(node) ?? 1),
    momentOn,
    isOver: () => deadline !== undefined && Date.now() >= deadline,
    signal,
    progress,
  });
  const guests = settings.guests.filter(({ id }) => isWanted(one, id));
  const missed = signal.aborted
    ? { missing: [], unseen: [] }
    : await missingArchives(client, environment, guests, momentOn);
  return {
    environment: name,
    archives: verified.map((archive) => rowOf(archive, environment)),
    left: fresh.length - verified.length,
    missing: missed.missing,
    unseen: [...new Set([...storages.unreadable, ...missed.unseen])],
  };
}

function loginOf(environment: LoadedEnvironment, variables: Readonly<Record<string, string | undefined>>): NodeLogin {
  const { settings, name } = environment;
  const state = new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, variables);
  return nodeLogin({ environment, state });
}

async function coresOf(client: ProxmoxClient): Promise<Map<string, number>> {
  return new Map((await client.cluster.nodes()).map(({ node, maxcpu }) => [node, maxcpu ?? 1]));
}

function rowOf(
  { listed, result, problems, sha256, record, notRecorded, now }: VerifiedArchive,
  { settings }: LoadedEnvironment,
): ArchiveRow {
  const { volid, node, vmid, ctime, size, notes } = listed.archive;
  return {
    archive: volid,
    node,
    guest: settings.guests.find(({ id }) => id === vmid)?.name ?? null,
    id: vmid ?? null,
    time: ctime,
    ageSeconds: Math.max(0, now - ctime),
    size: size ?? null,
    savePoint: isSavePoint(notes ?? ""),
    result,
    problems: problems.map(plainText),
    sha256: sha256 ?? null,
    recordedSha256: record?.sha256 ?? null,
    notRecorded: notRecorded ?? null,
  };
}
