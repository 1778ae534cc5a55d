import { execFileSync } from "node:child_process";
import { type ProxmoxClient } from "../../proxmox/api/client";
import type { ParameterValue } from "../../proxmox/api/encoding";
import { requireSuccess } from "../../proxmox/api/tasks";

type Options = Readonly<Record<string, string>>;

/** A call of Proxmox's API that a command line stands for. */
interface Call {
  readonly verb: "get" | "post" | "put" | "delete";
  readonly path: readonly string[];
  readonly options: Options;
}

/** @param names the words that are no options, in their order */
type Meaning = (node: string, names: readonly string[], options: Options) => Call;

/** Of a guest: `pct start 101` is `POST /nodes/pve/lxc/101/status/start`. */
const ofGuest =
  (kind: "lxc" | "qemu", verb: Call["verb"], ...below: readonly string[]): Meaning =>
  (node, [vmid = ""], options) => ({ verb, path: ["nodes", node, kind, vmid, ...below], options });

const onStorage =
  (verb: Call["verb"]): Meaning =>
  (node, [name = ""], options) => {
    // The id of a volume says its storage.
    const [storage = ""] = name.split(":");
    return { verb, path: ["nodes", node, "storage", storage, "content", ...(verb === "get" ? [] : [name])], options };
  };

const guestCommands = (kind: "lxc" | "qemu"): Readonly<Record<string, Meaning>> => ({
  config: ofGuest(kind, "get", "config"),
  set: ofGuest(kind, "put", "config"),
  start: ofGuest(kind, "post", "status", "start"),
  stop: ofGuest(kind, "post", "status", "stop"),
  reboot: ofGuest(kind, "post", "status", "reboot"),
  destroy: ofGuest(kind, "delete"),
});

/** Of users and rights: `pveum user modify NAME` is `PUT /access/users/NAME`. @param between what stands between two names */
const access =
  (verb: Call["verb"], kind: string, between = ""): Meaning =>
  (_node, [name = "", ...further], options) => ({
    verb,
    path: ["access", kind, name, ...further.flatMap((second) => [between, second])],
    options,
  });

/** Makes one: its name is a parameter. */
const accessAdd =
  (kind: string, parameter: string): Meaning =>
  (_node, [name = ""], options) => ({
    verb: "post",
    path: ["access", kind],
    options: { [parameter]: name, ...options },
  });

/**
 * What root types on a node, by its first words. Proxmox's own programs are made of its API's methods: their options are the methods'
 * parameters, and words without a name are some of these (`PVE::CLI::pct`, `qm`, `pvesm`, `PVE::CLIHandler`).
 */
const programs: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  pct: {
    ...guestCommands("lxc"),
    restore: (node, [vmid = "", ostemplate = ""], options) => ({
      verb: "post",
      path: ["nodes", node, "lxc"],
      options: { vmid, ostemplate, restore: "1", ...options },
    }),
  },
  qm: {
    ...guestCommands("qemu"),
    "disk move": (node, [vmid = "", disk = "", storage = ""], options) => ({
      verb: "post",
      path: ["nodes", node, "qemu", vmid, "move_disk"],
      options: { disk, storage, ...options },
    }),
  },
  qmrestore: {
    "": (node, [archive = "", vmid = ""], options) => ({
      verb: "post",
      path: ["nodes", node, "qemu"],
      options: { vmid, archive, ...options },
    }),
  },
  vzdump: {
    "": (node, guests, options) => ({
      verb: "post",
      path: ["nodes", node, "vzdump"],
      options: { vmid: guests.join(","), ...options },
    }),
  },
  pvesm: {
    list: onStorage("get"),
    free: onStorage("delete"),
    status: (node, _names, options) => ({ verb: "get", path: ["nodes", node, "storage"], options }),
    add: (_node, [type = "", storage = ""], options) => ({
      verb: "post",
      path: ["storage"],
      options: { type, storage, ...options },
    }),
  },
  pveum: {
    "role add": accessAdd("roles", "roleid"),
    "role modify": access("put", "roles"),
    "group add": accessAdd("groups", "groupid"),
    "group modify": access("put", "groups"),
    "user add": accessAdd("users", "userid"),
    "user modify": access("put", "users"),
    "user token add": access("post", "users", "token"),
    "user token modify": access("put", "users", "token"),
    "user token remove": access("delete", "users", "token"),
    "acl modify": (_node, [path = ""], options) => ({
      verb: "put",
      path: ["access", "acl"],
      options: { path, ...options },
    }),
  },
  pvesh: {
    get: (_node, [path = ""], options) => ({ verb: "get", path: path.split("/").slice(1), options }),
    create: (_node, [path = ""], options) => ({ verb: "post", path: path.split("/").slice(1), options }),
  },
};

/**
 * Types a line as root on a node: a shell takes its words apart, and what Proxmox's program would ask of its API is asked. A task that
 * it starts is waited for, as the program does.
 *
 * @param variables of the shell. @returns what the API answered
 * @throws Error for a command that is not known here, ProxmoxError, TaskFailed
 */
export async function typeOnNode(
  root: ProxmoxClient,
  node: string,
  line: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const [program = "", ...words] = wordsOf(line, node, variables);
  const commands = Object.entries(programs[program] ?? {});
  const found = commands.find(([name]) => name === "" || `${words.join(" ")} `.startsWith(`${name} `));
  if (found === undefined) throw new Error(`no such command is known here: ${line}`);
  const [name, meaning] = found;
  const { names, options } = takeApart(words.slice(name === "" ? 0 : name.split(" ").length));
  const call = meaning(node, names, options);
  const answer = await send(root, call);
  if (call.verb === "get" || typeof answer !== "string" || !answer.startsWith("UPID:")) return answer;
  return requireSuccess(await root.tasks.wait(answer));
}

/**
 * Does what root's shell does with the lines of `lifeboat doctor --print-setup`: `A 2>/dev/null || B`.
 *
 * @returns secrets of the tokens that were made, by their full names
 */
export async function runSetup(root: ProxmoxClient, lines: readonly string[]): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  for (const line of lines) {
    const [first = "", second] = line.split(" 2>/dev/null || ");
    const answer = await typeOnNode(root, "", first).catch((error: unknown) => {
      if (second === undefined) throw error;
      return typeOnNode(root, "", second);
    });
    if (typeof answer !== "object" || answer === null || !("full-tokenid" in answer) || !("value" in answer)) continue;
    made.set(String(answer["full-tokenid"]), String(answer.value));
  }
  return made;
}

function send(root: ProxmoxClient, { verb, path, options }: Call): Promise<unknown> {
  const parameters: Readonly<Record<string, ParameterValue>> = options;
  return root[verb](path, parameters);
}

/** `--storage local`, `--storage=local`, and a switch alone, which is 1. */
function takeApart(words: readonly string[]): { names: string[]; options: Record<string, string> } {
  const names: string[] = [];
  const options: Record<string, string> = {};
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const next = words[at + 1];
    const [, name, value] = /^--([\w-]+)(?:=(.*))?$/su.exec(word) ?? [];
    if (name === undefined) names.push(word);
    else if (value !== undefined) options[name] = value;
    else if (next === undefined || next.startsWith("--")) options[name] = "1";
    else {
      options[name] = next;
      at += 1;
    }
  }
  return { names, options };
}

function wordsOf(line: string, node: string, variables: Readonly<Record<string, string>>): string[] {
  const script = `hostname() { printf %s "$NODE"; }; set -- ${line}\nprintf '%s\\0' "$@"`;
  const env = { PATH: "/usr/bin:/bin", ...variables, NODE: node };
  return execFileSync("/bin/sh", ["-c", script], { env, encoding: "utf8" }).split("\0").slice(0, -1);
}
