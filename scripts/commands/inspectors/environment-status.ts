import type { Archive, BackupJob, Guest as NodeGuest, IncludedVolumes } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { missingToListArchives } from "../../../proxmox/api/permissions";
import { type CalendarEvent, nextStart, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import { coverageProblems, type CoverageSchedule, type JobDisk } from "../../../site/coverage";
import { chooseArchive } from "../../../site/restore/choose-archive";
import { isSavePoint } from "../../../site/restore/save-point";
import type { Guest } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { nodesOf } from "./needs";

/** The newest real backup of a guest. */
export interface NewestBackup {
  archive: string;
  storage: string;
  /** Unix seconds. */
  time: number;
  ageSeconds: number;
  /** Bytes. */
  size: number;
}

export interface GuestStatus {
  name: string;
  id: number;
  node: string;
  /** `running`, `stopped`, `unknown`, or `missing` where the node has no such guest. */
  state: string;
  newest: NewestBackup | undefined;
  /** Real backups and save points that there are. */
  backups: number;
  savePoints: number;
  /** The guest is left out on purpose: why, and until when. */
  optOut: { reason: string; owner: string; until: string } | undefined;
  problems: string[];
}

export interface EnvironmentStatus {
  name: string;
  endpoint: string;
  timeZone: string;
  /** The node's clock, unix seconds. */
  now: number;
  job: {
    id: string;
    schedule: string;
    enabled: boolean;
    /** Unix seconds; undefined when the schedule never comes again or the job is off. */
    nextRun: number | undefined;
    /** A backup task is running on one of the nodes. */
    running: boolean;
  };
  guests: GuestStatus[];
  /** Guests of the node that no settings name and no job selects. */
  notCovered: { id: number; name: string; type: string }[];
  /** What is wrong with the environment as a whole. */
  problems: string[];
}

/** What one look at the nodes gave. */
interface Look {
  client: ProxmoxClient;
  now: number;
  timeZone: string;
  event: CalendarEvent;
  onNode: ReadonlyMap<number, NodeGuest>;
  archives: readonly Archive[];
  job: BackupJob | undefined;
  included: IncludedVolumes | undefined;
  running: boolean;
  unreadable: readonly string[];
}

/**
 * How the guests of one environment are backed up. Read only.
 *
 * @param known ids of the guests of every environment behind the same endpoint: others on the node are nobody's.
 * @throws ProxmoxError when the node cannot be asked.
 */
export async function inspectStatus(
  environment: LoadedEnvironment,
  known: ReadonlySet<number>,
): Promise<EnvironmentStatus> {
  const { settings, name } = environment;
  const client = await environment.client();
  const look = await lookAt(client, environment);
  const { job } = look;
  const enabled = job?.enabled === true;
  const guests: GuestStatus[] = [];
  for (const guest of settings.guests) guests.push(await guestStatus(guest, look, environment));
  return {
    name,
    endpoint: settings.proxmox.endpoint,
    timeZone: look.timeZone,
    now: look.now,
    job: {
      id: settings.backup.jobId,
      schedule: settings.backup.schedule,
      enabled,
      nextRun: enabled ? nextStart(look.event, look.now, look.timeZone) : undefined,
      running: look.running,
    },
    guests,
    notCovered: await notCovered(client, known),
    problems: [...jobProblems(environment, job), ...look.unreadable],
  };
}

async function lookAt(client: ProxmoxClient, environment: LoadedEnvironment): Promise<Look> {
  const { settings } = environment;
  const [time, guests, job] = await Promise.all([
    client.cluster.nodeTime(settings.proxmox.node),
    client.cluster.guests(),
    unlessGone(client.backups.backupJob(settings.backup.jobId)),
  ]);
  const included = job === undefined ? undefined : await client.backups.includedVolumes(job.id);
  const { archives, unreadable } = await allArchives(client, environment);
  return {
    client,
    now: time.time,
    timeZone: time.timezone,
    event: parseCalendarEvent(settings.backup.schedule),
    onNode: new Map(guests.map((guest) => [guest.vmid, guest])),
    archives,
    job,
    included,
    running: await isBackupRunning(client, environment),
    unreadable,
  };
}

/** Every archive on every storage for backups of the environment's nodes, each storage asked once. */
async function allArchives(
  client: ProxmoxClient,
  environment: LoadedEnvironment,
): Promise<{ archives: Archive[]; unreadable: string[] }> {
  const archives = new Map<string, Archive>();
  const unreadable: string[] = [];
  for (const node of nodesOf(environment.settings)) {
    const storages = (await client.backups.storages(node)).filter(({ content }) =>
      content?.split(",").includes("backup"),
    );
    for (const { storage, active, enabled } of storages) {
      const usable = active !== false && enabled !== false;
      if (!usable) unreadable.push(`storage ${storage} on ${node} is not active`);
      const found = usable ? await archivesOn(client, node, storage, unreadable) : [];
      for (const archive of found) archives.set(`${archive.volid}@${node}`, archive);
    }
  }
  return { archives: [...archives.values()], unreadable };
}

async function archivesOn(
  client: ProxmoxClient,
  node: string,
  storage: string,
  unreadable: string[],
): Promise<Archive[]> {
  try {
    return await client.backups.archives(node, storage);
  } catch (error) {
    if (!(error instanceof ProxmoxError) || !["forbidden", "failed", "gone"].includes(error.kind)) throw error;
    unreadable.push(`storage ${storage} on ${node} cannot be read: ${error.reason}`);
    return [];
  }
}

async function isBackupRunning(client: ProxmoxClient, environment: LoadedEnvironment): Promise<boolean> {
  for (const node of nodesOf(environment.settings)) {
    const tasks = await client.tasks.list(node, { source: "active", typefilter: "vzdump" });
    if (tasks.some((task) => task.endtime === undefined)) return true;
  }
  return false;
}

async function guestStatus(guest: Guest, look: Look, environment: LoadedEnvironment): Promise<GuestStatus> {
  const onNode = look.onNode.get(guest.id);
  const type = guest.kind === "container" ? "lxc" : onNode?.type;
  const archives = look.archives.filter((archive) => archive.vmid === guest.id).flatMap(listed);
  const { chosen, leftOut } = chooseArchive(
    archives,
    { kind: "newest" },
    { vmid: guest.id, type, timeZone: look.timeZone },
  );
  const blind = archives.length === 0 ? await whyBlind(guest, look, environment) : undefined;
  const schedule: CoverageSchedule = { ...look, jobId: environment.settings.backup.jobId };
  return {
    name: guest.name,
    id: guest.id,
    node: guest.node,
    state: onNode?.status ?? "missing",
    newest: chosen && { ...chosen, archive: chosen.volid, ageSeconds: Math.max(0, look.now - chosen.time) },
    backups: archives.length - leftOut.length,
    savePoints: archives.filter(({ notes }) => isSavePoint(notes)).length,
    optOut: guest.optOut,
    problems: coverageProblems(
      { guest, exists: onNode !== undefined, newest: chosen?.time, blind, disks: disksInJob(guest, look.included) },
      schedule,
    ),
  };
}

function listed(archive: Archive) {
  const { volid, subtype, size, ctime, notes } = archive;
  if (subtype === undefined) return [];
  const storage = volid.slice(0, volid.indexOf(":"));
  return [{ volid, storage, type: subtype, size, time: ctime, notes: notes ?? "" }];
}

/** An empty list may only mean that the token may not see what is there. */
async function whyBlind(guest: Guest, look: Look, environment: LoadedEnvironment): Promise<string | undefined> {
  const missing = await missingToListArchives(look.client, environment.settings.backup.storage.id, guest.id);
  if (missing.length === 0) return undefined;
  const lacking = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
  return `its backups cannot be seen: the token lacks ${lacking}`;
}

function disksInJob(guest: Guest, included: IncludedVolumes | undefined): JobDisk[] | undefined {
  const entry = included?.children.find((child) => child.id === guest.id);
  return entry?.children.map(({ id, name, included: isIncluded }) => ({
    key: id.slice(id.indexOf(":") + 1),
    volume: name,
    included: isIncluded,
  }));
}

function jobProblems({ settings }: LoadedEnvironment, job: BackupJob | undefined): string[] {
  const { jobId, schedule } = settings.backup;
  if (job === undefined) return [`there is no backup job ${jobId}: pulumi up makes it`];
  return [
    ...(job.enabled ? [] : [`the backup job ${jobId} is switched off`]),
    ...(job.schedule === schedule
      ? []
      : [`the backup job ${jobId} runs at '${job.schedule ?? "?"}', the settings say '${schedule}'`]),
  ];
}

async function notCovered(client: ProxmoxClient, known: ReadonlySet<number>): Promise<EnvironmentStatus["notCovered"]> {
  const uncovered = await client.backups.notBackedUp();
  return uncovered
    .filter(({ vmid }) => !known.has(vmid))
    .map(({ vmid, name, type }) => ({ id: vmid, name: name ?? "", type }));
}

async function unlessGone<Result>(request: Promise<Result>): Promise<Result | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "gone") return undefined;
    throw error;
  }
}
