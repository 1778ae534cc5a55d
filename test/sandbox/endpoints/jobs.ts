/** Backup jobs of the cluster (PVE::API2::Backup and BackupInfo). */
import { randomUUID } from "node:crypto";
import { nextStart, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import { checkFleecingRight, checkRestrictedOptions, checkSelection, VZDUMP_OPTIONS } from "../guests/vzdump/options";
import { backupVolumes, guestName, readableJobs, selectedGuests, writeJobs } from "../guests/backup-jobs";
import type { Cluster, Node } from "../model/site";
import type { BackupJobEntry } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure, permissionFailure, underLock } from "../protocol/failure";
import { parseProperties } from "../protocol/parameter-check";
import { Parameters, splitList } from "../protocol/parameters";
import { JOB_CREATE, JOB_ID, JOB_UPDATE } from "./jobs-table";
import { indexEndpoint } from "./index-endpoint";

/** Options that are property strings in requests and objects in answers. */
const PROPERTY_STRINGS: Readonly<Record<string, string>> = {
  "prune-backups": "prune-backups",
  fleecing: "backup-fleecing",
  performance: "backup-performance",
};

/** Keys of these that are flags. */
const FLAGS = ["keep-all", "enabled"];

/** Options of a job that a PUT may delete besides those of a run. */
const DELETABLE = ["comment", "repeat-missed"];

function findJob(cluster: Cluster, id: string): BackupJobEntry | undefined {
  return readableJobs(cluster).find((job) => job.id === id);
}

function requireJob(cluster: Cluster, id: string): BackupJobEntry {
  const job = findJob(cluster, id);
  if (job === undefined) throw parameterFailure({ id: `No such job '${id}'` });
  return job;
}

/** A job as answers have it: flags and counts as numbers, property strings as objects. */
function jobAnswer(job: BackupJobEntry): { [key: string]: Json } {
  const options = Object.entries(job.options).map(([name, text]): [string, Json] => [name, optionAnswer(name, text)]);
  return {
    ...Object.fromEntries(options),
    id: job.id,
    type: "vzdump",
    ...(job.excludePaths !== undefined && { "exclude-path": job.excludePaths }),
  };
}

function optionAnswer(name: string, text: string): Json {
  const format = PROPERTY_STRINGS[name];
  if (format !== undefined) return propertiesAnswer(format, text);
  const type = (JOB_UPDATE[name] ?? VZDUMP_OPTIONS[name])?.type;
  return type === "boolean" || type === "integer" ? Number(text) : text;
}

/** Counts stay text, flags are numbers. */
function propertiesAnswer(format: string, text: string): Json {
  const values = parseProperties(format, text, format);
  return Object.fromEntries([...values].map(([key, value]) => [key, FLAGS.includes(key) ? Number(value) : value]));
}

function nextRun(job: BackupJobEntry, node: Node): number | undefined {
  const { schedule } = job.options;
  return schedule === undefined
    ? undefined
    : nextStart(parseCalendarEvent(schedule), node.clock.seconds(), node.timeZone);
}

function listJobs({ cluster, node }: Call): Json {
  return readableJobs(cluster).map((job) => ({ ...jobAnswer(job), "next-run": nextRun(job, node) }));
}

/** The job's options as they are stored: the old form of a start time becomes a schedule. */
function sentOptions(parameters: Parameters): Record<string, string> {
  const sent = Object.fromEntries(parameters.entries("id", "delete", "exclude-path", "starttime", "dow"));
  const { starttime, dow } = Object.fromEntries(parameters.entries());
  if (starttime === undefined) return sent;
  if (sent.schedule !== undefined) {
    throw parameterFailure({ starttime: "'starttime' and 'schedule' cannot both be set" });
  }
  const days = splitList(dow ?? "").join(",");
  const everyDay = days === "" || days === "mon,tue,wed,thu,fri,sat,sun";
  return { ...sent, schedule: everyDay ? starttime : `${days} ${starttime}` };
}

/** A line of jobs.cfg holds one value (PVE::SectionConfig). */
function checkLines(options: Readonly<Record<string, string>>): void {
  if (Object.values(options).some((text) => /[\n\r]/u.test(text))) throw death("property contains a line feed");
}

/** What jobs.cfg gives back: nothing of what is empty, and no white space at an end. */
function written(options: Readonly<Record<string, string>>): Record<string, string> {
  const texts = Object.entries(options).map(([name, text]) => [name, text.trim()] as const);
  const empty = options["prune-backups"] === "" ? { "prune-backups": "keep-all=1" } : {};
  return { ...Object.fromEntries(texts.filter(([, text]) => text !== "")), ...empty };
}

function asParameters(options: Readonly<Record<string, string>>): Parameters {
  return new Parameters(new Map(Object.entries(options)));
}

function checkRights({ authority }: Call, sent: Readonly<Record<string, string>>): void {
  if (authority.isRoot) return;
  checkRestrictedOptions(authority, asParameters(sent));
  checkFleecingRight(authority, asParameters(sent));
}

function checkPool({ cluster, authority }: Call, pool: string | undefined): void {
  if (pool === undefined || pool === "") return;
  if (!cluster.state.access.pools.some((entry) => entry.poolid === pool)) {
    throw permissionFailure(`pool '${pool}' does not exist`);
  }
  authority.check(`/pool/${pool}`, "VM.Backup");
}

/** The storage that a run writes to, unless it writes to a folder. */
function targetStorage(options: Readonly<Record<string, string>>): string | undefined {
  return options.dumpdir === undefined ? (options.storage ?? "local") : undefined;
}

async function createJob(call: Call): Promise<null> {
  const { cluster, authority, parameters } = call;
  const sent = sentOptions(parameters);
  checkRights(call, sent);
  const storage = targetStorage(sent);
  if (storage !== undefined) authority.check(`/storage/${storage}`, "Datastore.Allocate");
  checkPool(call, sent.pool);
  if (sent.schedule === undefined) throw parameterFailure({ schedule: "neither 'starttime' nor 'schedule' were set" });
  const id = parameters.text("id") ?? randomUUID();
  const paths = parameters.array("exclude-path");
  await underLock(() => {
    if (findJob(cluster, id) !== undefined) throw death(`Job '${id}' already exists`);
    checkSelection(asParameters(sent));
    checkLines(sent);
    const all = sent.exclude !== undefined && sent.pool === undefined ? { all: "1" } : {};
    const job = {
      id,
      options: written({ enabled: "1", ...sent, ...all }),
      ...(paths !== undefined && { excludePaths: paths }),
    };
    writeJobs(cluster, [...cluster.state.jobs.filter((other) => other.id !== id), job], job);
  });
  return null;
}

async function updateJob(call: Call): Promise<null> {
  const { cluster, authority, parameters } = call;
  const id = parameters.required("id");
  const sent = sentOptions(parameters);
  const deleted = parameters.list("delete");
  checkRights(call, sent);
  checkRestrictedOptions(authority, asParameters(Object.fromEntries(deleted.map((name) => [name, ""]))));
  if (sent.storage !== undefined) authority.check(`/storage/${sent.storage}`, "Datastore.Allocate");
  else if (deleted.includes("storage")) authority.check("/storage/local", "Datastore.Allocate");
  checkPool(call, sent.pool);
  const paths = parameters.array("exclude-path");
  await underLock(() => {
    if (Object.keys(sent).length === 0 && deleted.length === 0 && paths === undefined) {
      throw death("no options specified");
    }
    checkSelection(asParameters(sent), false);
    checkLines(sent);
    const job = findJob(cluster, id);
    if (job === undefined) throw death("no such vzdump job");
    checkCurrentTarget(call, job);
    const changed = changedJob(job, sent, deleted, paths);
    checkSelection(asParameters(changed.options));
    const made = { ...changed, options: written(changed.options) };
    writeJobs(
      cluster,
      cluster.state.jobs.map((other) => (other === job ? made : other)),
      made,
    );
  });
  return null;
}

/** Who changes a job needs the right on the storage that it writes to now. */
function checkCurrentTarget({ authority }: Call, job: BackupJobEntry): void {
  if (authority.isRoot) return;
  const storage = targetStorage(job.options);
  if (storage === undefined) throw death("only root@pam may edit jobs with a 'dumpdir' option.");
  authority.check(`/storage/${storage}`, "Datastore.Allocate");
}

/** The new job; setting one selection of guests clears the others. */
function changedJob(
  job: BackupJobEntry,
  sent: Readonly<Record<string, string>>,
  deleted: readonly string[],
  paths: string[] | undefined,
): BackupJobEntry {
  const unknown = deleted.find((name) => VZDUMP_OPTIONS[name] === undefined && !DELETABLE.includes(name));
  if (unknown !== undefined) throw parameterFailure({ delete: `unknown option '${unknown}'` });
  const kept = Object.entries(job.options).filter(([name]) => !deleted.includes(name));
  const options: Record<string, string> = { ...Object.fromEntries(kept), ...sent };
  if (options.exclude !== undefined && options.pool === undefined) options.all = "1";
  for (const name of replacedSelections(sent, options)) delete options[name];
  const excludePaths = paths ?? (deleted.includes("exclude-path") ? undefined : job.excludePaths);
  return { id: job.id, options, ...(excludePaths !== undefined && { excludePaths }) };
}

function replacedSelections(
  sent: Readonly<Record<string, string>>,
  options: Readonly<Record<string, string>>,
): string[] {
  if (sent.vmid !== undefined) return ["all", "exclude", "pool"];
  if (sent.all === "1" || (sent.exclude !== undefined && sent.pool === undefined)) return ["vmid", "pool"];
  return options.pool === undefined ? [] : ["vmid", "all", "exclude"];
}

async function deleteJob({ cluster, parameters }: Call): Promise<null> {
  await underLock(() => {
    const job = requireJob(cluster, parameters.required("id"));
    writeJobs(
      cluster,
      cluster.state.jobs.filter((candidate) => candidate !== job),
    );
  });
  return null;
}

function includedVolumes({ cluster, authority, parameters }: Call): Json {
  const job = requireJob(cluster, parameters.required("id"));
  const children = selectedGuests(cluster, job)
    .filter(({ vmid }) => authority.has(`/vms/${String(vmid)}`, "VM.Audit"))
    .map(({ vmid, guest }): Json => {
      if (guest === undefined) return { id: vmid, type: "unknown", leaf: 1 };
      const volumes = backupVolumes(guest).map(({ key, volume, included, reason }) => ({
        id: `${String(vmid)}:${key}`,
        name: volume,
        included: included ? 1 : 0,
        reason,
        leaf: 1,
      }));
      const name = guestName(guest) ?? null;
      return { id: vmid, type: guest.type, name, children: volumes, leaf: volumes.length === 0 ? 1 : 0 };
    });
  return { children };
}

/** Guests that no job selects; a disabled job counts as selecting. */
function notBackedUp({ cluster, authority }: Call): Json {
  const selected = new Set(
    readableJobs(cluster).flatMap((job) => selectedGuests(cluster, job).map(({ vmid }) => vmid)),
  );
  return cluster.state.guests
    .filter(({ vmid }) => !selected.has(vmid) && authority.has(`/vms/${String(vmid)}`, "VM.Audit"))
    .map((guest) => ({ vmid: guest.vmid, name: guestName(guest), type: guest.type }));
}

/** The next starts of a schedule, as the web interface shows them while one is typed. */
function analyze({ node, parameters }: Call): Json {
  const event = parseCalendarEvent(parameters.required("schedule"));
  const starts: number[] = [];
  let from: number | undefined = parameters.integer("starttime") ?? node.clock.seconds();
  while (starts.length < (parameters.integer("iterations") ?? 10)) {
    from = nextStart(event, from, node.timeZone);
    if (from === undefined) break;
    starts.push(from);
  }
  return starts.map((timestamp) => ({ timestamp, utc: universalTime(timestamp) }));
}

/** As Perl prints it: `Sat Oct  4 12:00:00 2026`. */
function universalTime(seconds: number): string {
  const [weekday = "", day = "", month = "", year = "", time = ""] = new Date(seconds * 1000)
    .toUTCString()
    .split(/,? /u);
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}

const MAY_READ: PermissionRule = { check: { path: "/", privileges: ["Sys.Audit"] } };
const MAY_WRITE: PermissionRule = { check: { path: "/", privileges: ["Sys.Modify"] } };

export const jobEndpoints: readonly Endpoint[] = [
  { method: "GET", path: "/cluster/backup", parameters: {}, permissions: MAY_READ, handler: listJobs },
  { method: "POST", path: "/cluster/backup", parameters: JOB_CREATE, permissions: MAY_WRITE, handler: createJob },
  {
    method: "GET",
    path: "/cluster/backup/{id}",
    parameters: { id: JOB_ID },
    permissions: MAY_READ,
    handler: ({ cluster, parameters }) => jobAnswer(requireJob(cluster, parameters.required("id"))),
  },
  { method: "PUT", path: "/cluster/backup/{id}", parameters: JOB_UPDATE, permissions: MAY_WRITE, handler: updateJob },
  {
    method: "DELETE",
    path: "/cluster/backup/{id}",
    parameters: { id: JOB_ID },
    permissions: MAY_WRITE,
    handler: deleteJob,
  },
  {
    method: "GET",
    path: "/cluster/backup/{id}/included_volumes",
    parameters: { id: JOB_ID },
    permissions: MAY_READ,
    handler: includedVolumes,
  },
  indexEndpoint("/cluster/jobs", ["schedule-analyze", "realm-sync"]),
  {
    method: "GET",
    path: "/cluster/jobs/schedule-analyze",
    parameters: {
      schedule: { type: "string", format: "pve-calendar-event", maxLength: 128 },
      starttime: { type: "integer", optional: true },
      iterations: { type: "integer", optional: true, minimum: 1, maximum: 100 },
    },
    permissions: { user: "all" },
    handler: analyze,
  },
  indexEndpoint("/cluster/backup-info", ["not-backed-up"]),
  {
    method: "GET",
    path: "/cluster/backup-info/not-backed-up",
    parameters: {},
    permissions: MAY_READ,
    handler: notBackedUp,
  },
];
