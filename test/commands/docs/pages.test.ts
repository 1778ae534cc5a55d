import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RestoreSite } from "../restore/restore-site";
import { bundle, runProgram } from "../support/run-bundle";

/** Every line of these pages that begins with `$`, as it stands there, one after the other, on a site with two guests. */
let site: RestoreSite;

const docs = resolve(__dirname, "../../../docs");

/** Lines that look, of which findings are no failure: the test's site has no job. */
const looks = /^lifeboat (?:status|doctor|backups)/u;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
  await site.backUp(101);
  await site.backUp(102);
  writeFileSync(join(site.folder, "lifeboat"), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`, {
    mode: 0o755,
  });
});

afterAll(() => site.stop());

/** The lines of a page's console blocks that begin with `$`. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(docs, page), "utf8");
  const blocks = [...text.matchAll(/^ *```console\n([^]*?)^ *```/gmu)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n").flatMap((line) => /^ *\$ (.*)$/u.exec(line)?.[1] ?? []));
}

async function runPage(page: string, before: Readonly<Record<string, () => Promise<void>>> = {}): Promise<void> {
  const commands = commandsOf(page);
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    await before[command]?.();
    const env = { ...site.env, PATH: `${site.folder}:${site.env["PATH"] ?? ""}` };
    const result = await runProgram(["bash", "-c", command], { cwd: site.project, env });
    const isFine = result.code === 0 || (looks.test(command) && result.code === 3);
    expect({ command, isFine, ...result }).toMatchObject({ command, isFine: true });
  }
}

/** The guest leaves the settings, and the node. */
async function retire(): Promise<void> {
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replace(/^ {4}"?web"?:\n(?: {5,}.*\n)+/mu, ""));
  await site.destroy(101);
}

test.each(["guides/workstation.md", "guides/upgrade.md", "guides/journals.md", "runbooks/backup-storage-full.md"])(
  "each command of %s does what it says [K1]",
  async (page) => {
    // A save point is there that the page's line may give up.
    await runPage(page, { "lifeboat undo web --forget --older-than 30 --force": () => site.backUp(101).then() });
  },
);

test("each command of runbooks/node-lost.md does what it says, on a node that is new [D5, K1]", async () => {
  await runPage("runbooks/node-lost.md", {
    "lifeboat restore guest --all --env prod --dry-run": async () => {
      await site.destroy(101);
      await site.destroy(102);
    },
  });
  expect([await site.running(101), await site.running(102)]).toEqual([true, true]);
});

test("each command of guides/retire.md does what it says, and the guest is back at its end [A10, D15]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  await runPage("guides/retire.md", { "lifeboat backups prod/101": retire });
  expect(await site.running(101)).toBe(true);
  site.write("Pulumi.prod.yaml", settings);
});

test("each command of guides/mornings.md does what it says, with a sendmail on this machine [A3]", async () => {
  writeFileSync(join(site.folder, "sendmail"), `#!/bin/sh\ncat > '${site.folder}/mail'\n`, { mode: 0o755 });
  await runPage("guides/mornings.md");
  expect(readFileSync(join(site.folder, "mail"), "utf8")).toContain("To: root");
});

test("every page is in the index, and every link of the pages leads somewhere", () => {
  const index = readFileSync(join(docs, "README.md"), "utf8");
  const pages = ["guides", "runbooks"].flatMap((folder) =>
    readdirSync(join(docs, folder)).flatMap((name) => (name.endsWith(".md") ? [`${folder}/${name}`] : [])),
  );
  expect(pages.filter((page) => !index.includes(`(${page}`))).toEqual([]);
  const dead = ["README.md", ...pages].flatMap((page) =>
    [...readFileSync(join(docs, page), "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)\s]*)?\)/gu)].flatMap(
      ([, target = ""]) => (existsSync(resolve(docs, dirname(page), target)) ? [] : [`${page}: ${target}`]),
    ),
  );
  expect(dead).toEqual([]);
});
