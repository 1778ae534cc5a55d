import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { plainText } from "../../../../proxmox/api/plain-text";
import { isSavePoint } from "../../../../site/restore/save-point";
import { failureOf } from "../../../clients/failure";
import type { NodeLogin } from "../../../clients/keys-on-node";
import type { CommandContext } from "../../../project/context";
import type { LoadedEnvironment } from "../../../project/environment";
import { StateFolder } from "../../../recovery/engine/state-folder";
import { nodeLogin } from "../../../recovery/steps/guest/log-in";
import type { ArchiveRow, EnvironmentReport } from "./archives-page";
import { FileVerifier } from "./file-verifier";
import { ServerVerifier } from "./server-verifier";
import { type ListedArchive, listArchives } from "./listed";
import { missingArchives } from "./missing";
import { type VerifiedArchive, verifyArchives } from "./verify-archives";

/** What is to be verified of an environment. */
export interface ArchiveWish {
  readonly environment: LoadedEnvironment;
  /** Numbers of guests; undefined: every archive on the storages, also of guests that the settings do not have. */
  readonly only: ReadonlySet<number> | undefined;
}

/** Verifies the archives of several environments. One that cannot be asked does not keep the others from it. */
export async function inspectArchives(
  wishes: readonly ArchiveWish[],
  context: CommandContext,
  deadline: number | undefined,
): Promise<EnvironmentReport[]> {
  const reports: EnvironmentReport[] = [];
  const done = new Set<string>();
  for (const wish of wishes) {
    if (context.signal.aborted) break;
    const { name } = wish.environment;
    try {
      reports.push(await inspectOne(wish, context, deadline, done));
    } catch (error) {
      if (context.signal.aborted) break;
      const failure = failureOf(error, `verify the archives of ${name}`);
      if (failure.stack !== undefined) throw error;
      reports.push({ environment: name, error: failure.message });
    }
  }
  return reports;
}

/** @param done archives that were verified already: environments may share a node. */
async function inspectOne(
  { environment, only }: ArchiveWish,
  { io, signal, progress }: CommandContext,
  deadline: number | undefined,
  done: Set<string>,
): Promise<EnvironmentReport> {
  const client = await environment.client();
  const { settings, name } = environment;
  const wanted = (vmid: number | undefined): boolean => only === undefined || (vmid !== undefined && only.has(vmid));
  const { listed, clock, cores, unseen } = await progress.step(`list the archives of ${name}`, async () => {
    const { archives, unseen: places } = await listArchives(client, environment, wanted);
    const time = await client.cluster.nodeTime(settings.proxmox.node);
    return {
      listed: archives,
      unseen: places,
      clock: { now: time.time, timeZone: time.timezone },
      cores: await coresOf(client),
    };
  });
  const keyOf = ({ archive }: ListedArchive): string => `${settings.proxmox.endpoint} ${archive.node} ${archive.volid}`;
  const fresh = listed.filter((one) => !done.has(keyOf(one)));
  for (const one of fresh) done.add(keyOf(one));
  const files = new FileVerifier({
    client,
    login: loginOf(environment, io.environment),
    clock,
    numberOf: (mark) =>
      mark.environment === name ? settings.guests.find((guest) => guest.name === mark.guest)?.id : undefined,
    signal,
  });
  const verified = await verifyArchives(fresh, {
    client,
    files,
    servers: new ServerVerifier(client, clock.timeZone),
    coresOf: (node) => Math.max(1, cores.get(node) ?? 1),
    now: clock.now,
    isOver: () => deadline !== undefined && Date.now() >= deadline,
    signal,
    progress,
  });
  const guests = settings.guests.filter(({ id }) => wanted(id));
  const missed = signal.aborted
    ? { missing: [], unseen: [] }
    : await missingArchives(client, environment, guests, { listed, ...clock });
  return {
    environment: name,
    archives: verified.map((one) => rowOf(one, environment, clock.now)),
    left: fresh.length - verified.length,
    missing: missed.missing,
    unseen: [...unseen, ...missed.unseen],
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
  { listed, result, problems, sha256, record, notRecorded }: VerifiedArchive,
  { settings }: LoadedEnvironment,
  now: number,
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
