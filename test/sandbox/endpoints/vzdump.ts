import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Call, Endpoint } from "../calls/endpoint";
import { readMachineHeader } from "../drivers/machine-archives";
import { death, parameterFailure } from "../protocol/failure";
import { parseArchiveName } from "../../../proxmox/rules/archive-names";
import { openForRestore } from "../guests/backup-server/client";
import { snapshotNamed } from "../guests/backup-server/content";
import { snapshotConfiguration } from "../guests/backup-server/snapshots";
import { checkVolumeAccess, enabledStorage, parseVolume, type ParsedVolume } from "../guests/storages";
import { activateFile } from "../guests/volumes";
import { checkOptionRights, checkSelection, storageOf, takesAll, VZDUMP_OPTIONS } from "../guests/vzdump/options";
import { runVzdump } from "../guests/vzdump/run";
import { selectGuests } from "../guests/vzdump/selection";

const PATH = "/nodes/{node}/vzdump";
const node = { type: "string", format: "pve-node" } as const;

const backup: Endpoint = {
  method: "POST",
  path: PATH,
  parameters: {
    ...VZDUMP_OPTIONS,
    "job-id": { type: "string", optional: true, maxLength: 50, pattern: "\\S+" },
    stdout: { type: "boolean", optional: true },
  },
  permissions: { user: "all" },
  handler: async (call) => {
    const { parameters, authority, cluster } = call;
    if (parameters.flag("stdout") === true) {
      throw parameterFailure({ stdout: "option is only allowed on the command line interface." });
    }
    checkOptionRights(authority, parameters);
    checkSelection(parameters);
    const { local, external } = selectGuests(cluster, call.node.name, {
      vmids: parameters.list("vmid").map(Number),
      all: takesAll(parameters),
      exclude: parameters.list("exclude").map(Number),
      pool: parameters.text("pool"),
    });
    if (parameters.flag("stop") === true) {
      authority.check(`/nodes/${call.node.name}`, "Sys.Modify");
      await stopRunningBackups(call);
      if (local.length === 0) return "OK";
    }
    if (local.length === 0 && !takesAll(parameters)) return "OK";
    const storage = storageOf(parameters);
    if (storage !== undefined) authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
    const [only] = local;
    const id = local.length === 1 && only !== undefined ? String(only) : "";
    return call.node.tasks.start("vzdump", id, call.caller.name, (task) =>
      runVzdump({ node: call.node, caller: call.caller, parameters, vmids: local, external }, task),
    );
  },
};

async function stopRunningBackups(call: Call): Promise<void> {
  const { tasks } = call.node;
  const running = tasks.list().filter((task) => task.type === "vzdump" && tasks.isRunning(task.upid));
  for (const task of running) await tasks.stop(task.upid);
}

const extractConfig: Endpoint = {
  method: "GET",
  path: `${PATH}/extractconfig`,
  parameters: { node, volume: { type: "string" } },
  permissions: { user: "all" },
  handler: async (call) => {
    const volid = call.parameters.required("volume");
    checkVolumeAccess(call.cluster, call.authority, undefined, volid, "backup");
    const parsed = parseVolume(call.cluster, volid);
    call.authority.check(`/vms/${parsed.owner ?? ""}`, "VM.Backup");
    if (parsed.storage.type === "pbs") return extractFromServer(call, parsed);
    const path = await activateFile(call.node, volid);
    const type = parseArchiveName(basename(path), call.node.timeZone)?.guestType;
    if (type === undefined) throw death(`ERROR: couldn't determine archive info from '${path}'`);
    const archive = call.node.path(path);
    const text = await archivedConfiguration(call, type, archive).catch(() => undefined);
    if (text === undefined) throw death("ERROR: archive contains no configuration file");
    return text;
  },
};

/** What the client says goes to the daemon's log; the answer has the end of it. */
async function extractFromServer(call: Call, parsed: ParsedVolume): Promise<string> {
  const { node } = call;
  const name = snapshotNamed(parsed);
  enabledStorage(node, parsed.storage.storage);
  const file = name.type === "vm" ? "qemu-server.conf" : "pct.conf";
  await openForRestore(node, parsed.storage, name, { file: [file, "-"], log: () => {} }).catch(() => {
    throw death("proxmox-backup-client failed: exit code 255");
  });
  return readFile(snapshotConfiguration(node, parsed.storage, name), "utf8");
}

function archivedConfiguration(call: Call, type: string, archive: string): Promise<string | undefined> {
  if (type !== "qemu") return call.site.driver.readMember(archive, "./etc/vzdump/pct.conf");
  return readMachineHeader(archive).then(({ texts }) => texts.get("qemu-server.conf"));
}

export const vzdumpEndpoints: readonly Endpoint[] = [backup, extractConfig];
