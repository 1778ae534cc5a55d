import type { Call, Endpoint } from "../calls/endpoint";
import { AgentSilent } from "../drivers/machines";
import { loadGuest } from "../guests/configuration";
import { askAgent, isRunning } from "../guests/machines/runtime";
import { death, failureText, type Json } from "../protocol/failure";
import type { ParameterTable } from "../protocol/parameters";
import { NODE, VMID } from "./tables";

const PATH = "/nodes/{node}/qemu/{vmid}/agent";
const guest = { node: NODE, vmid: VMID };

/** Commands without parameters that need no more than this or VM.GuestAgent.Unrestricted (PVE::API2::Qemu::Agent). */
const AUDITED = [
  "get-fsinfo",
  "get-host-name",
  "get-memory-block-info",
  "get-memory-blocks",
  "get-osinfo",
  "get-time",
  "get-timezone",
  "get-users",
  "get-vcpus",
  "info",
  "network-get-interfaces",
];

interface Command {
  readonly method: "GET" | "POST";
  readonly name: string;
  /** One of them, or VM.GuestAgent.Unrestricted. */
  readonly privileges: readonly string[];
}

const FILE_SYSTEMS = "VM.GuestAgent.FileSystemMgmt";

const COMMANDS: readonly Command[] = [
  ...AUDITED.map((name): Command => ({ method: "GET", name, privileges: ["VM.GuestAgent.Audit"] })),
  { method: "POST", name: "ping", privileges: ["VM.GuestAgent.Audit"] },
  { method: "POST", name: "fsfreeze-status", privileges: ["VM.GuestAgent.Audit", FILE_SYSTEMS] },
  { method: "POST", name: "fsfreeze-freeze", privileges: [FILE_SYSTEMS] },
  { method: "POST", name: "fsfreeze-thaw", privileges: [FILE_SYSTEMS] },
  { method: "POST", name: "fstrim", privileges: [FILE_SYSTEMS] },
  { method: "POST", name: "shutdown", privileges: ["VM.PowerMgmt"] },
];

/** Asks the agent, with Proxmox's texts for what stands in the way. */
async function ask(
  { node, parameters }: Call,
  command: string,
  words: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const vmid = parameters.requiredInteger("vmid");
  const { guest: found, configuration } = loadGuest(node, "qemu", vmid);
  if (!configuration.keys.has("agent")) throw death("No QEMU guest agent configured");
  if (!(await isRunning(node, found))) throw death(`VM ${vmid} is not running`);
  try {
    return await askAgent(node, vmid, configuration, command, words);
  } catch (failure) {
    if (failure instanceof AgentSilent) throw death("QEMU guest agent is not running");
    throw death(`Agent error: ${failureText(failure)}`);
  }
}

function simple({ method, name, privileges }: Command): Endpoint {
  return {
    method,
    path: `${PATH}/${name}`,
    parameters: guest,
    permissions: {
      check: { path: "/vms/{vmid}", privileges: [...privileges, "VM.GuestAgent.Unrestricted"], any: true },
    },
    handler: async (call) => ({ result: (await ask(call, `guest-${name}`)) as Json }),
  };
}

const unrestricted = { check: { path: "/vms/{vmid}", privileges: ["VM.GuestAgent.Unrestricted"] } };

const execParameters: ParameterTable = {
  ...guest,
  command: { type: "array", items: { type: "string" } },
  "input-data": { type: "string", optional: true, maxLength: 64 * 1024 },
};

const exec: Endpoint = {
  method: "POST",
  path: `${PATH}/exec`,
  parameters: execParameters,
  permissions: unrestricted,
  handler: async (call) => {
    const [path, ...words] = call.parameters.list("command");
    const input = call.parameters.text("input-data");
    return (await ask(call, "guest-exec", {
      path,
      arg: words,
      "capture-output": true,
      ...(input === undefined ? {} : { "input-data": Buffer.from(input).toString("base64") }),
    })) as Json;
  },
};

const execStatus: Endpoint = {
  method: "GET",
  path: `${PATH}/exec-status`,
  parameters: { ...guest, pid: { type: "integer" } },
  permissions: unrestricted,
  handler: async (call) => {
    const status = (await ask(call, "guest-exec-status", { pid: call.parameters.requiredInteger("pid") })) as Record<
      string,
      Json
    >;
    return Object.fromEntries(Object.entries(status).map(([key, value]) => [key, readable(key, value)]));
  },
};

/** What the agent says in base64 as its bytes, each a character as in Perl, and its flags as Proxmox prints them. */
function readable(key: string, value: Json): Json {
  if (/^(?:out|err)-data$/.test(key)) return Buffer.from(String(value), "base64").toString("latin1");
  return typeof value === "boolean" ? Number(value) : value;
}

export const machineAgentEndpoints: readonly Endpoint[] = [...COMMANDS.map(simple), exec, execStatus];
