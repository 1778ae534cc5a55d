import * as z from "zod";
import type { Call, Endpoint } from "../calls/endpoint";
import { AgentSilent } from "../drivers/machines";
import { loadGuest } from "../guests/configuration";
import { askAgent, isRunning } from "../guests/machines/runtime";
import { death, failureText, type Json } from "../protocol/failure";
import type { ParameterTable } from "../protocol/parameters";
import { FLAG, NODE, VMID } from "./tables";

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
  ...["shutdown", "suspend-disk", "suspend-hybrid", "suspend-ram"].map((name): Command => ({
    method: "POST",
    name,
    privileges: ["VM.PowerMgmt"],
  })),
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

/** Any of the commands without parameters, by its name: the older way. */
const anyCommand: Endpoint = {
  method: "POST",
  path: PATH,
  parameters: { ...guest, command: { type: "string", enum: COMMANDS.map(({ name }) => name) } },
  permissions: unrestricted,
  handler: async (call) => ({ result: (await ask(call, `guest-${call.parameters.required("command")}`)) as Json }),
};

const OWN = ["exec", "exec-status", "file-read", "file-write", "set-user-password"];

const index: Endpoint = {
  method: "GET",
  path: PATH,
  parameters: guest,
  permissions: { user: "all" },
  handler: () => [...COMMANDS.map(({ name }) => name), ...OWN].sort().map((name) => ({ name })),
};

/** Most bytes of a file that are read by one request. */
const MOST_READ = 16 * 1024 ** 2;

/** Bytes that are asked of the agent at once. */
const CHUNK = 1024 ** 2;

const chunk = z.object({ count: z.number(), "buf-b64": z.string(), eof: z.boolean() });

function mayUseFiles(privilege: string): Endpoint["permissions"] {
  return { check: { path: "/vms/{vmid}", privileges: [privilege, "VM.GuestAgent.Unrestricted"], any: true } };
}

const fileRead: Endpoint = {
  method: "GET",
  path: `${PATH}/file-read`,
  parameters: {
    ...guest,
    file: { type: "string" },
    count: { type: "integer", optional: true, minimum: 1, maximum: MOST_READ },
    decode: FLAG,
    offset: { type: "integer", optional: true, minimum: 0 },
  },
  permissions: mayUseFiles("VM.GuestAgent.FileRead"),
  handler: async (call) => {
    const { parameters } = call;
    const most = parameters.integer("count") ?? MOST_READ;
    const offset = parameters.integer("offset") ?? 0;
    const decode = parameters.flag("decode") ?? true;
    const handle = await ask(call, "guest-file-open", { path: parameters.required("file") });
    if (offset > 0) await ask(call, "guest-file-seek", { handle, offset, whence: "set" });
    let [content, read, isEnd] = ["", 0, false];
    while (read < most && !isEnd) {
      const wanted = { handle, count: Math.min(most - read, CHUNK) };
      const { count, "buf-b64": text, eof } = chunk.parse(await ask(call, "guest-file-read", wanted));
      content += decode ? Buffer.from(text, "base64").toString("latin1") : text;
      read += count;
      isEnd = eof;
    }
    await ask(call, "guest-file-close", { handle });
    return { content, "bytes-read": read, ...(!isEnd && { truncated: 1 }) };
  },
};

const fileWrite: Endpoint = {
  method: "POST",
  path: `${PATH}/file-write`,
  parameters: { ...guest, file: { type: "string" }, content: { type: "string", maxLength: 60 * 1024 }, encode: FLAG },
  permissions: mayUseFiles("VM.GuestAgent.FileWrite"),
  handler: async (call) => {
    const { parameters } = call;
    const content = parameters.required("content");
    const encoded = (parameters.flag("encode") ?? true) ? base64Of(content) : content;
    const handle = await ask(call, "guest-file-open", { path: parameters.required("file"), mode: "wb" });
    await ask(call, "guest-file-write", { handle, "buf-b64": encoded });
    await ask(call, "guest-file-close", { handle });
    return null;
  },
};

const setUserPassword: Endpoint = {
  method: "POST",
  path: `${PATH}/set-user-password`,
  parameters: {
    ...guest,
    username: { type: "string" },
    password: { type: "string", minLength: 5, maxLength: 1024 },
    crypted: FLAG,
  },
  permissions: unrestricted,
  handler: async (call) => {
    const { parameters } = call;
    const words = {
      username: parameters.required("username"),
      password: base64Of(parameters.required("password")),
      crypted: parameters.flag("crypted") ?? false,
    };
    return { result: (await ask(call, "guest-set-user-password", words)) as Json };
  },
};

/** Perl's encoder takes bytes: each character of a text is one. @throws for characters that are none */
function base64Of(text: string): string {
  if ([...text].some((character) => (character.codePointAt(0) ?? 0) > 0xff))
    throw death("Wide character in subroutine entry");
  return Buffer.from(text, "latin1").toString("base64");
}

export const machineAgentEndpoints: readonly Endpoint[] = [
  ...COMMANDS.map(simple),
  index,
  anyCommand,
  exec,
  execStatus,
  fileRead,
  fileWrite,
  setUserPassword,
];
