import type { ProxmoxClient } from "../../proxmox/api/client";
import type { Path } from "../../proxmox/api/encoding";

/** A call that a line of `pveum` makes, and the words behind its verb that are no options. */
interface Verb {
  readonly words: readonly string[];
  readonly send: (
    root: ProxmoxClient,
    names: readonly string[],
    options: Readonly<Record<string, string>>,
  ) => Promise<unknown>;
}

const change =
  (verb: "put" | "post", path: (names: readonly string[]) => Path): Verb["send"] =>
  (root, names, options) =>
    root[verb](path(names), options);

const verbs: readonly Verb[] = [
  { words: ["role", "modify"], send: change("put", ([role = ""]) => ["access", "roles", role]) },
  { words: ["role", "add"], send: (root, [roleid = ""], more) => root.post(["access", "roles"], { roleid, ...more }) },
  { words: ["group", "modify"], send: change("put", ([group = ""]) => ["access", "groups", group]) },
  { words: ["group", "add"], send: (root, [groupid = ""]) => root.post(["access", "groups"], { groupid }) },
  {
    words: ["user", "token", "modify"],
    send: change("put", ([user = "", token = ""]) => ["access", "users", user, "token", token]),
  },
  {
    words: ["user", "token", "add"],
    send: change("post", ([user = "", token = ""]) => ["access", "users", user, "token", token]),
  },
  {
    words: ["user", "token", "remove"],
    send: (root, [user = "", token = ""]) => root.delete(["access", "users", user, "token", token]),
  },
  { words: ["user", "modify"], send: change("put", ([user = ""]) => ["access", "users", user]) },
  { words: ["user", "add"], send: (root, [userid = ""], more) => root.post(["access", "users"], { userid, ...more }) },
  { words: ["acl", "modify"], send: (root, [path = ""], more) => root.put(["access", "acl"], { path, ...more }) },
];

/**
 * Does what root's shell does with the lines of `lifeboat doctor --print-setup`: `A 2>/dev/null || B`, with options that are the
 * API's own parameters.
 *
 * @returns secrets of the tokens that were made, by their full names
 */
export async function runSetup(root: ProxmoxClient, lines: readonly string[]): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  for (const line of lines) {
    const [first = "", second] = line.split(" 2>/dev/null || ");
    const answer = await run(root, first).catch((error: unknown) => {
      if (second === undefined) throw error;
      return run(root, second);
    });
    if (typeof answer !== "object" || answer === null || !("full-tokenid" in answer) || !("value" in answer)) continue;
    made.set(String(answer["full-tokenid"]), String(answer.value));
  }
  return made;
}

async function run(root: ProxmoxClient, command: string): Promise<unknown> {
  const [program, ...words] = [...command.matchAll(/'([^']*)'|(\S+)/gu)].map(
    ([, quoted, bare]) => quoted ?? bare ?? "",
  );
  const verb = verbs.find((known) => known.words.every((word, index) => words[index] === word));
  if (program !== "pveum" || verb === undefined) throw new Error(`No such line is known here: ${command}`);
  const rest = words.slice(verb.words.length);
  const start = rest.findIndex((word) => word.startsWith("--"));
  const names = start < 0 ? rest : rest.slice(0, start);
  const options = start < 0 ? [] : rest.slice(start);
  const pairs = options.flatMap((word, index) => (index % 2 === 0 ? [[word.slice(2), options[index + 1] ?? ""]] : []));
  return verb.send(root, names, Object.fromEntries(pairs));
}
