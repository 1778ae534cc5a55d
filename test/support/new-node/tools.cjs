// `pveum` and `pvesm` of a new node, as far as a script of its configuration needs them: they keep the node's files below a folder
// as Proxmox writes them, and every line that they were given. `npm test` checks those lines against Proxmox's published schema.
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const root = process.env.NEW_NODE;
const words = process.argv.slice(2);
appendFileSync(join(root, "lines"), `${JSON.stringify([process.env.PROGRAM, ...words])}\n`);

const fail = (text) => {
  process.stderr.write(`${text}\n`);
  process.exit(255);
};
const encoded = (text = "") =>
  text.replace(/[^\x20-\x24\x26-\x39\x3b-\x7e]/gu, (one) => encodeURIComponent(one).replace(/^:$/u, "%3A"));
const read = (file) =>
  existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8").split("\n").filter(Boolean) : [];
const write = (file, lines) => writeFileSync(join(root, file), `${lines.join("\n")}\n`);

const start = words.findIndex((word) => word.startsWith("--"));
const names = start < 0 ? words : words.slice(0, start);
const options = {};
for (let at = start; at >= 0 && at < words.length; at += 2) options[words[at].slice(2)] = words[at + 1];

const users = "etc/pve/user.cfg";
const lineOf = (kind, id) => read(users).find((line) => line.startsWith(`${kind}:${id}:`));
const add = (kind, id, ...fields) => {
  if (lineOf(kind, id)) fail(`${kind} '${id}' already exists`);
  write(users, [...read(users), [kind, id, ...fields, ""].join(":")]);
};
const joined = (list, more) => [...new Set([...list.split(",").filter(Boolean), ...more])].sort().join(",");
/** Adds to the list in a field of a line. */
const extend = (kind, id, field, more) => {
  const line = lineOf(kind, id) ?? fail(`no such ${kind} ('${id}')`);
  const fields = line.split(":");
  fields[field] = joined(fields[field], more);
  write(
    users,
    read(users).map((one) => (one === line ? fields.join(":") : one)),
  );
};

const pveum = {
  "role add": ([id]) => add("role", id, (options.privs ?? "").split(",").sort().join(",")),
  "group add": ([id]) => add("group", id, "", encoded(options.comment)),
  "user add": ([id]) => {
    const { enable = 1, expire = 0, firstname, lastname, email = "", comment } = options;
    add("user", id, enable, expire, encoded(firstname), encoded(lastname), email, encoded(comment), "");
  },
  "user modify": ([id]) => {
    if (!lineOf("user", id)) fail(`no such user ('${id}')`);
    if (options.append !== "1") fail("it would take the user out of other groups");
    for (const group of options.groups.split(",")) extend("group", group, 2, [id]);
  },
  "user token": ([verb, user, name]) => {
    if (verb !== "add" || !lineOf("user", user)) fail(`no such user ('${user}')`);
    add("token", `${user}!${name}`, options.expire ?? 0, options.privsep ?? 1, encoded(options.comment));
    process.stdout.write(`full-tokenid ${user}!${name}\nvalue not-a-secret-${name}\n`);
  },
  "pool add": ([id]) => add("pool", id, encoded(options.comment), "", ""),
  "pool modify": ([id]) => {
    if (options.storage) extend("pool", id, 4, options.storage.split(","));
    if (options.vms) extend("pool", id, 3, options.vms.split(","));
  },
  "acl modify": ([path]) => {
    const { roles, propagate = "1" } = options;
    const builtIn = /^(?:Administrator|NoAccess|PVE\w+)$/u;
    if (!builtIn.test(roles) && !lineOf("role", roles)) fail(`role '${roles}' does not exist`);
    const [[kind, who]] = ["users", "groups", "tokens"].flatMap((one) =>
      options[one] ? [[one.slice(0, -1), options[one]]] : [],
    );
    if (!lineOf(kind, who)) fail(`no such ${kind} ('${who}')`);
    // Those with one path, one role and one way to hand it on stand in one line.
    const [before, after] = [`acl:${propagate}:${path}:`, `:${roles}:`];
    const holder = kind === "group" ? `@${who}` : who;
    const there = read(users).find((line) => line.startsWith(before) && line.endsWith(after));
    const whom = joined(there?.slice(before.length, -after.length) ?? "", [holder]);
    write(users, [...read(users).filter((line) => line !== there), `${before}${whom}${after}`]);
  },
};

if (process.env.PROGRAM === "pveum") {
  const verb = pveum[names.slice(0, 2).join(" ")] ?? fail(`unknown command: ${words.join(" ")}`);
  verb(names.slice(2));
} else {
  const [verb, type, id] = names;
  if (verb !== "add") fail(`unknown command: ${words.join(" ")}`);
  const file = "etc/pve/storage.cfg";
  if (read(file).includes(`${type}: ${id}`)) fail(`storage ID '${id}' already defined`);
  // A storage that is not reached is not defined: Proxmox activates it first.
  if (options.server?.startsWith("192.0.2.6")) fail(`create storage failed: storage '${id}' is not online`);
  const section = [`${type}: ${id}`, ...Object.entries(options).map(([key, value]) => `\t${key} ${value}`)];
  write(file, [...read(file), ...section]);
}
