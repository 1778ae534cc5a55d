#!/usr/bin/env node
/**
 * Stands in for `rclone` where both remotes are folders (`type = alias`): as much of it as the copier in the store's container
 * uses, with what rclone 1.60 does there.
 */
const { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { readFileSync, statSync, utimesSync, writeFileSync } = require("node:fs");

const configuration = readFileSync(process.env.RCLONE_CONFIG, "utf8");
const roots = new Map(
  [...configuration.matchAll(/^\[(\w+)\]\ntype = alias\nremote = (.*)$/gmu)].map(([, name, root]) => [name, root]),
);

const [command, ...rest] = process.argv.slice(2);
const valued = new Set(["--include", "--differ", "--missing-on-dst", "--error"]);
const [flags, values, places] = [new Set(), new Map(), []];
while (rest.length > 0) {
  const word = rest.shift();
  if (valued.has(word)) values.set(word, [...(values.get(word) ?? []), rest.shift()]);
  else if (word.startsWith("-")) flags.add(word);
  else places.push(word.replace(/^(\w+):/u, (_, name) => `${roots.get(name)}/`));
}
const [from, to] = places;

function filesOf(root) {
  if (!existsSync(root)) return [];
  const included = values.get("--include") ?? ["/**"];
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(root, name)).isFile())
    .filter((name) => included.some((pattern) => isIncluded(`/${name}`, pattern)))
    .sort();
}

/** The copier names files, or folders with all that is in them. */
function isIncluded(name, pattern) {
  return pattern.endsWith("/**") ? name.startsWith(pattern.slice(0, -2)) : name === pattern;
}

function copy(source, target) {
  const { mtimeMs } = statSync(source);
  if (existsSync(target) && flags.has("--ignore-existing")) return;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
  utimesSync(target, mtimeMs / 1_000, mtimeMs / 1_000);
}

/** Its lists are there also where nothing differs. */
function check() {
  const lists = ["--differ", "--missing-on-dst", "--error"].map((flag) => values.get(flag)?.[0]);
  for (const list of lists) if (list !== undefined) writeFileSync(list, "");
  let same = true;
  for (const name of filesOf(from)) {
    const [one, other] = [join(from, name), join(to, name)];
    const list = !existsSync(other) ? lists[1] : readFileSync(one).equals(readFileSync(other)) ? null : lists[0];
    if (list === null) continue;
    same = false;
    if (list !== undefined) appendFileSync(list, `${name}\n`);
  }
  return same ? 0 : 1;
}

switch (command) {
  case "copy":
    for (const name of filesOf(from)) copy(join(from, name), join(to, name));
    break;
  case "copyto":
    copy(from, to);
    break;
  case "check":
    process.exitCode = check();
    break;
  case "lsf":
    for (const name of filesOf(from)) process.stdout.write(`${name}\n`);
    break;
  case "lsd":
    process.exitCode = existsSync(from) ? 0 : 3;
    break;
  case "backend":
    process.stdout.write("Enabled\n");
    break;
  default:
    throw new Error(`The stand-in has no '${command}'.`);
}
