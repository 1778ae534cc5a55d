/** Tasks of a node and of the cluster (PVE::API2::Tasks). */
import { parseUpid } from "../../../proxmox/rules/upid";
import { splitTokenId } from "../model/access";
import type { TaskRecord } from "../model/tasks";
import { Answer, type Call, type Endpoint, TextAnswer } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import { splitList } from "../protocol/parameters";
import { FLAG, NODE, optional, TEXT, VMID } from "./tables";

const COUNT = { type: "integer", minimum: 0, optional: true } as const;

/** A task's data; a token that started it is named apart from its user. */
function taskData(task: TaskRecord): { [key: string]: Json } {
  const { upid, node, pid, pstart, starttime, type, id } = task;
  const { userid, tokenid } = splitTokenId(task.user);
  return { upid, node, pid, pstart, starttime, type, id, user: userid, ...(tokenid !== undefined && { tokenid }) };
}

/** A user sees the tasks of his tokens, a token only its own. */
function isOwn(task: Pick<TaskRecord, "user">, caller: Call["caller"]): boolean {
  return task.user === caller.name || (caller.tokenid === undefined && splitTokenId(task.user).userid === caller.name);
}

function statusType(status: string | undefined): string {
  if (status === undefined || status === "") return "unknown";
  if (status === "OK") return "ok";
  if (status.startsWith("WARNINGS: ")) return "warning";
  return status === "unexpected status" ? "unknown" : "error";
}

function listTasks({ node, authority, parameters, caller }: Call): Answer {
  const seesAll = authority.has(`/nodes/${node.name}`, "Sys.Audit");
  const source = parameters.text("source") ?? "archive";
  const found = node.tasks
    .list()
    .filter((task) => source === "all" || node.tasks.isRunning(task.upid) === (source === "active"))
    .filter((task) => seesAll || isOwn(task, caller))
    .filter(matching(parameters));
  const start = parameters.integer("start") ?? 0;
  const limit = parameters.integer("limit") ?? 50;
  const shown = found.slice(start, start + limit).map((task) => ({
    ...taskData(task),
    status: task.exitstatus ?? "RUNNING",
    ...(task.endtime !== undefined && { endtime: task.endtime }),
  }));
  return new Answer(shown, found.length === 0 ? {} : { total: found.length });
}

function matching(parameters: Call["parameters"]): (task: TaskRecord) => boolean {
  const user = (parameters.text("userfilter") ?? "").toLowerCase();
  const type = parameters.text("typefilter") ?? "";
  const vmid = parameters.text("vmid");
  const since = parameters.integer("since") ?? -Infinity;
  const until = parameters.integer("until") ?? Infinity;
  const statuses = wantedStatuses(parameters);
  return (task) =>
    (vmid === undefined || task.id === vmid) &&
    (type === "" || task.type === type) &&
    task.starttime >= since &&
    task.starttime <= until &&
    splitTokenId(task.user).userid.toLowerCase().includes(user) &&
    statuses.includes(statusType(task.exitstatus));
}

function wantedStatuses(parameters: Call["parameters"]): string[] {
  const all = ["ok", "warning", "error", "unknown"];
  if (parameters.flag("errors")) return all.slice(1);
  return parameters.has("statusfilter") ? splitList(parameters.required("statusfilter").toLowerCase()) : all;
}

/** The task that the parameter `upid` names, if there is one and the caller may see it. */
function requireTask({ node, authority, parameters, caller }: Call, privilege: string): TaskRecord {
  requireUpid(parameters);
  const task = node.tasks.find(parameters.required("upid"));
  if (task === undefined) throw parameterFailure({ upid: "no such task" });
  if (!isOwn(task, caller)) authority.check(`/nodes/${node.name}`, privilege);
  return task;
}

/** What the parameter `upid` says, whether or not there is such a task. */
function requireUpid(parameters: Call["parameters"]): Pick<TaskRecord, "user"> {
  const upid = parseUpid(parameters.required("upid"));
  if (upid === undefined) throw parameterFailure({ upid: "unable to parse worker upid" });
  return upid;
}

function readStatus(call: Call): Json {
  const task = requireTask(call, "Sys.Audit");
  const data = taskData(task);
  if (task.exitstatus === undefined) return { ...data, status: "running" };
  return { ...data, status: "stopped", exitstatus: task.exitstatus };
}

function readLog(call: Call): Answer {
  const { node, parameters, authority, caller } = call;
  if (!isOwn(requireUpid(parameters), caller)) authority.check(`/nodes/${node.name}`, "Sys.Audit");
  const task = node.tasks.find(parameters.required("upid"));
  // Proxmox opens the file by its name alone, and tells of one that is missing as of a line in it.
  if (task === undefined)
    return new Answer([{ n: 1, t: "unable to open file - No such file or directory" }], { total: 1 });
  const lines = node.tasks.log(task.upid);
  if (parameters.flag("download")) {
    if (parameters.has("start") || parameters.has("limit")) {
      throw death("'download' cannot be used together with 'start' or 'limit' parameters");
    }
    const time = new Date(task.starttime * 1000).toISOString().replace(/\.\d+/, "");
    return new TextAnswer(lines.map((line) => `${line}\n`).join(""), `task-${task.node}-${task.type}-${time}.log`);
  }
  const start = parameters.integer("start") ?? 0;
  const limit = parameters.integer("limit") ?? 50;
  const shown = lines
    .map((line, index) => ({ n: index + 1, t: line }))
    .slice(start, limit === 0 ? undefined : start + limit);
  // A log without a line still shows one that says so.
  return new Answer(lines.length === 0 ? [{ n: 1, t: "no content" }] : shown, { total: Math.max(1, lines.length) });
}

async function stopTask(call: Call): Promise<null> {
  const task = requireTask(call, "Sys.Modify");
  await call.node.tasks.stop(task.upid);
  return null;
}

/** Running and recent tasks of all nodes, as the statistics daemons tell them. */
function clusterTasks({ site, cluster, authority, caller }: Call): Json {
  if (!site.settings.statistics) return [];
  const seesAll = authority.has("/", "Sys.Audit");
  return cluster.nodes
    .flatMap((node) => node.tasks.list().slice(0, 25))
    .filter((task) => seesAll || isOwn(task, caller))
    .map((task) => ({
      ...taskData(task),
      ...(task.endtime !== undefined && { endtime: task.endtime, status: task.exitstatus, saved: "1" }),
    }));
}

const UPID_TABLE = { node: NODE, upid: { type: "string" } } as const;

export const taskEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/nodes/{node}/tasks",
    parameters: {
      node: NODE,
      errors: FLAG,
      limit: COUNT,
      start: COUNT,
      since: { type: "integer", optional: true },
      until: { type: "integer", optional: true },
      source: { type: "string", enum: ["archive", "active", "all"], optional: true },
      statusfilter: { type: "string", format: "pve-task-status-type-list", optional: true },
      typefilter: TEXT,
      userfilter: TEXT,
      vmid: optional(VMID),
    },
    permissions: { user: "all" },
    handler: listTasks,
  },
  {
    method: "GET",
    path: "/nodes/{node}/tasks/{upid}",
    parameters: UPID_TABLE,
    permissions: { user: "all" },
    handler: () => [{ name: "log" }, { name: "status" }],
  },
  {
    method: "DELETE",
    path: "/nodes/{node}/tasks/{upid}",
    parameters: UPID_TABLE,
    permissions: { user: "all" },
    handler: stopTask,
  },
  {
    method: "GET",
    path: "/nodes/{node}/tasks/{upid}/status",
    parameters: UPID_TABLE,
    permissions: { user: "all" },
    handler: readStatus,
  },
  {
    method: "GET",
    path: "/nodes/{node}/tasks/{upid}/log",
    parameters: { ...UPID_TABLE, download: FLAG, limit: COUNT, start: COUNT },
    permissions: { user: "all" },
    handler: readLog,
  },
  { method: "GET", path: "/cluster/tasks", parameters: {}, permissions: { user: "all" }, handler: clusterTasks },
];
