// What dist/lifeboat.cjs begins with: it runs the program that follows it in the same file, as a comment, from V8's code cache.
// Node would parse and compile the program at each start, for half of the time that a start takes.
//
// A cache is code: it is taken only from a folder of this user's own that nobody else can write. It is kept in the user's cache
// folder and not beside the program, which may lie where only root writes. Whatever goes wrong with it, the program is compiled.
const fs = require("node:fs");
const { homedir } = require("node:os");
const path = require("node:path");
const { cachedDataVersionTag } = require("node:v8");
const vm = require("node:vm");
const { crc32 } = require("node:zlib");

const me = process.geteuid?.();

/** Caches that stay: versions of the program, of Node, and sets of V8's flags that are in use side by side. */
const kept = 4;

const bytes = fs.readFileSync(__filename);
// A name, no seal: who can write in the folder needs no collision. It costs a fifth of what SHA-256 does.
const names = [process.version, process.arch, cachedDataVersionTag(), bytes.length, crc32(bytes)];
const cacheName = names.join("-");

/** `lifeboat/code` in the user's cache folder. */
function cacheFolder() {
  const named = process.env.XDG_CACHE_HOME ?? "";
  return path.join(path.isAbsolute(named) ? named : path.join(homedir(), ".cache"), "lifeboat", "code");
}

/** Whether this user has it, and nobody else can write or read it. */
function isPrivate(stat) {
  return stat.uid === me && (stat.mode & 0o077) === 0;
}

function readCache() {
  const folder = cacheFolder();
  const stat = fs.lstatSync(folder);
  if (!stat.isDirectory() || !isPrivate(stat)) return undefined;
  const file = fs.openSync(path.join(folder, cacheName), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    const found = fs.fstatSync(file);
    if (!found.isFile() || !isPrivate(found)) return undefined;
    const whole = fs.readFileSync(file);
    const data = whole.subarray(4);
    // V8 believes what it is given: a page that a power cut has emptied would crash it at each start.
    return crc32(data) === whole.readUInt32LE() ? data : undefined;
  } finally {
    fs.closeSync(file);
  }
}

/** Makes the folder, but none in a home of somebody else's: under sudo it would be root's there. */
function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  const above = path.dirname(folder);
  makeFolder(above);
  if (fs.statSync(above).uid !== me) throw new Error(`${above} is another user's`);
  fs.mkdirSync(folder, { mode: 0o700 });
}

function writeCache(data) {
  const folder = cacheFolder();
  makeFolder(folder);
  const stat = fs.lstatSync(folder);
  if (!stat.isDirectory() || !isPrivate(stat)) return;
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(data));
  const unfinished = path.join(folder, `${cacheName}.${process.pid}`);
  try {
    fs.writeFileSync(unfinished, Buffer.concat([sum, data]), { mode: 0o600, flag: "wx" });
    fs.renameSync(unfinished, path.join(folder, cacheName));
  } finally {
    fs.rmSync(unfinished, { force: true });
  }
  removeOld(folder);
}

function removeOld(folder) {
  const places = fs.readdirSync(folder).map((name) => path.join(folder, name));
  const byAge = places.map((place) => ({ place, time: fs.lstatSync(place).mtimeMs })).sort((a, b) => b.time - a.time);
  for (const { place } of byAge.slice(kept)) fs.rmSync(place, { force: true });
}

/** What the work gives; undefined where there is no cache to be had, for whatever reason. */
function attempt(work) {
  try {
    return me === undefined || process.env.NODE_DISABLE_COMPILE_CACHE ? undefined : work();
  } catch {
    return undefined;
  }
}

const text = bytes.latin1Slice();
const begin = text.search(/^\/\*$/mu) + 3;
const program = text.slice(begin, text.lastIndexOf("\n*/")).replaceAll("*\u0001/", "*/");
const cachedData = attempt(readCache);
const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) {\n${program}\n})`, {
  filename: __filename,
  // Positions in a stack trace are those of this file.
  lineOffset: text.slice(0, begin).split("\n").length - 2,
  cachedData,
});
// At the end, what the program has used is compiled as well.
if (cachedData === undefined || script.cachedDataRejected) {
  process.once("exit", () => attempt(() => writeCache(script.createCachedData())));
}
script.runInThisContext()(exports, require, module, __filename, __dirname);
