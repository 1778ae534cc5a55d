// Runs a TypeScript program of the project: `node scripts/run.cjs FILE [WORD …]`
//
// It is made into one file in dist/run/, which starts in a fifth of the time that looking up and transforming two hundred sources
// takes. That file is built when a source is not what it was then: nobody runs yesterday's program.
/* oxlint-disable no-underscore-dangle -- Node's own name for it */
const { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

const project = path.join(__dirname, "..");

/** What a program is made of besides its sources; packages change with the second of them only. */
const always = ["package.json", "node_modules/.package-lock.json", "tsconfig.json", "scripts/run.cjs"];

/** Tells whether a file has been written to, and whether files of a folder have come or gone. */
function stateOf(place) {
  const stat = statSync(path.join(project, place), { throwIfNoEntry: false });
  return stat === undefined ? "none" : `${stat.mtimeMs} ${stat.size}`;
}

/** The file's text if all it was built from is as it was then; it says so itself, in its first line. */
function readCurrent(built) {
  try {
    const text = readFileSync(built, "utf8");
    const { of, states } = JSON.parse(text.slice(2, text.indexOf("\n")));
    // The folders that its sources were told are those of one project.
    if (of !== project) return undefined;
    return Object.entries(states).every(([place, state]) => stateOf(place) === state) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Sources find their folder as they do when they are run from where they lie. */
const folders = {
  name: "folders",
  setup(context) {
    context.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      const text = readFileSync(file, "utf8");
      const prefix = /\b__dirname\b/u.test(text) ? `const __dirname = ${JSON.stringify(path.dirname(file))};` : "";
      return { contents: prefix + text, loader: "ts" };
    });
  },
};

function tools() {
  return Object.keys(JSON.parse(readFileSync(path.join(project, "package.json"), "utf8")).devDependencies);
}

async function build(source, built) {
  // File systems tell time in steps.
  const begun = Date.now() - 10;
  const esbuild = require("esbuild");
  const { metafile, outputFiles } = await esbuild.build({
    entryPoints: [source],
    absWorkingDir: project,
    outfile: built,
    write: false,
    metafile: true,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    // Tools find what belongs to them beside their package, and a Pulumi program shares the SDK with Pulumi's runner.
    external: [...tools(), "@pulumi/*", "@muhlba91/*"],
    plugins: [folders],
    logLevel: "error",
  });
  // Its process would stay as long as the program.
  await esbuild.stop();
  const sources = Object.keys(metafile.inputs).filter((file) => !file.startsWith("node_modules/"));
  // A new file in a folder may be found before the one that was found there.
  const places = new Set([...always, ...sources, ...sources.map((file) => path.dirname(file))]);
  const states = [...places].map((place) => [place, changedSince(place, begun) ? "" : stateOf(place)]);
  const builtFrom = JSON.stringify({ of: project, states: Object.fromEntries(states) });
  const text = `//${builtFrom}\n${outputFiles[0].text}`;
  keep(text, built);
  return text;
}

/** A source that changes during the build may be in it or not. */
function changedSince(place, time) {
  return (statSync(path.join(project, place), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= time;
}

/** For the next time; where nothing can be written it is built each time. */
function keep(text, built) {
  const unfinished = `${built}.${process.pid}`;
  try {
    mkdirSync(path.dirname(built), { recursive: true });
    writeFileSync(unfinished, text);
    renameSync(unfinished, built);
  } catch {
    if (existsSync(unfinished)) rmSync(unfinished);
  }
}

/** What is wrong with a source esbuild says itself. */
function endUnbuilt(error) {
  if (error.errors === undefined) process.stderr.write(`${error.message}\nHINT: npm ci\n`);
  process.exit(1);
}

async function run(source) {
  const name = path.relative(project, source).replaceAll(path.sep, "-").replace(/\.ts$/u, ".cjs");
  const built = path.join(project, "dist", "run", name);
  const text = readCurrent(built) ?? (await build(source, built).catch(endUnbuilt));
  process.argv.splice(1, 2, source);
  const program = new Module(built);
  program.filename = built;
  program.paths = module.paths;
  program._compile(text, built);
}

void run(path.resolve(process.argv[2] ?? ""));
