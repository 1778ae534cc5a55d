import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { screenOf } from "../../support/screen";
import { InitSite } from "../init/init-site";
import { RestoreSite } from "../restore/restore-site";
import { AdoptedSite } from "../support/adopted-site";
import { converse } from "../support/converse";
import { killAt } from "../support/kill-at";
import type { NodeSite } from "../support/site/node-site";

/**
 * Screens of the documentation, at 80 columns. `npm run screens` writes them; without it they are held against what is shown now,
 * but for numbers, times and paths, which are others each time.
 */
const page = resolve(__dirname, "../../../docs/guides/screens.md");
const { LIFEBOAT_SCREENS: isWriting } = process.env;
const day = 86_400;
const now = Math.floor(Date.now() / 1_000);

/** What each screen is, by its heading in the page, in the order of the page. */
const screens = {
  "Making the settings of a site": "`lifeboat init`, on a site with three guests that were made by hand.",
  "Everything is fine": "`lifeboat status`",
  "Five different problems": "`lifeboat status`; what needs somebody comes first, with what is wrong below it.",
  "Forty guests": "`lifeboat status`",
  "What a restore would do": "`lifeboat restore guest web --dry-run`",
  "What a restore has done": "`lifeboat restore guest web --stop --accept-loss --force`",
  "What cannot be ended is given up":
    "`lifeboat abandon web`, after a restore of a snapshot that somebody has removed meanwhile.",
} as const;

type Heading = keyof typeof screens;

const taken = new Map<Heading, string>();

/** Addresses and folders of this machine are told as those of a reader. */
function readable(text: string, home: string): string {
  return text
    .replaceAll(home, "/home/alice")
    .replaceAll(resolve(__dirname, "../../.."), "/home/alice/lifeboat")
    .replaceAll(/127\.0\.0\.\d+:\d+/gu, "192.0.2.11:8006");
}

function take(heading: Heading, raw: string, home: string): void {
  // A command is never broken, but by a terminal that is too narrow for it, which may be within the folder's name.
  const lines = screenOf(readable(raw, home), 80);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  taken.set(heading, readable(lines.join("\n"), home));
}

async function takeCommand(heading: Heading, site: NodeSite, argv: readonly string[]): Promise<void> {
  const { stdout } = await site.inTerminal(argv, 80, { NO_COLOR: "1" });
  take(heading, stdout, site.folder);
}

/** What stays the same from one run to the next. */
function lasting(text: string): string {
  return (
    text
      .replaceAll(/(secure|encryptionsalt): v1:[^\n]+\n\S+/gu, "$1")
      .replaceAll(/OpenSSH_[^\n]+/gu, "version")
      // Not every machine has it.
      .replaceAll(/[!✓] +ping +(?:ping from|not installed here)[^\n]+/gu, "ping")
      .replaceAll(/UPID:[^\s']+/gu, "UPID")
      .replaceAll(/[0-9A-F]{2}(?:\s*:\s*[0-9A-F]{2}){31}/gu, "SHA-256")
      .replaceAll(/ in [^(\n]+ \(schedule/gu, " in # (schedule")
      .replaceAll(/just now|[\d.,]+ (?:s|min|h|d|B|[KMGT]iB)\b/gu, "#")
      .replaceAll(/\d+/gu, "#")
      .replaceAll(/\s+/gu, "")
      .replaceAll(/#+/gu, "#")
  );
}

function pageOf(): string {
  const parts = Object.entries(screens).map(([heading, told]) => {
    const shown = [...taken].find(([name]) => name === heading)?.[1] ?? "";
    return `## ${heading}\n\n${told}\n\n\`\`\`text\n${shown}\n\`\`\`\n`;
  });
  const head = "# Screens\n\nWhat a terminal of 80 columns shows. `npm run screens` takes them from the tests' site.\n";
  return [head, ...parts].join("\n");
}

/** The screen of the page below a heading. */
function documented(heading: Heading): string {
  const text = existsSync(page) ? readFileSync(page, "utf8") : "";
  const [, section = ""] = text.split(`## ${heading}\n`);
  return section.split("```text\n")[1]?.split("\n```\n")[0] ?? "";
}

const numbered = (first: number, count: number, name: string) =>
  Array.from({ length: count }, (_, index) => ({ id: first + index, name: `${name}-${String(index + 1)}` }));

async function takeInit(): Promise<void> {
  const site = await InitSite.start(3);
  // As long as the name by which it is told, so that lines break where a reader's do.
  const home = mkdtempSync("/tmp/");
  try {
    const token = ["--ca", site.sandbox.layout.ca, "--storage", "backup", "--endpoint", site.endpoint()];
    const asking = site.shell();
    const { shown } = await converse(
      ["init", ...token],
      [["API token (USER@REALM", "\u0003"]],
      { cwd: asking.folder, env: asking.env },
      400,
    );
    await site.runLines(shown);
    mkdirSync(join(home, "bin"));
    const folder = join(home, "site");
    mkdirSync(folder);
    // Whatever else is installed on this machine is not on this PATH.
    const env = { PATH: `${join(home, "bin")}:/usr/bin:/bin`, HOME: home };
    const { raw } = await converse(
      ["init"],
      [
        ["Address of a node", `${site.endpoint().replace("https://", "")}\r`],
        ["Its fingerprint as the node shows it", `${await site.fingerprint()}\r`],
        ["API token (USER@REALM", `${site.token.split("=")[1] ?? ""}\r`],
        ["Which storage", "\u001b[B\r"],
        ["File of the passphrase?", "\r"],
        ["Write Pulumi.home.yaml?", "y"],
        ["Adopt 3 guests", "y"],
      ],
      { cwd: folder, env },
    );
    take("Making the settings of a site", raw, home);
  } finally {
    rmSync(home, { recursive: true, force: true });
    await site.stop();
  }
}

async function takeStatus(): Promise<void> {
  const guests = numbered(101, 6, "web");
  const site = await AdoptedSite.start([{ name: "prod", node: "pve-prod", profile: "prod", guests }]);
  try {
    for (const { id } of guests)
      for (const back of [0, 1]) site.putArchive("pve-prod", id, now - 60 - back * day, 2_000);
    await takeCommand("Everything is fine", site, ["status"]);
    site.putArchive("pve-prod", 101, now - 30, 700);
    site.removeArchives("pve-prod", 102);
    site.removeArchives("pve-prod", 103);
    site.putArchive("pve-prod", 103, now - 5 * day, 2_000);
    await site.on("pve-prod", async (client) => {
      const gone = { node: "pve-prod", type: "lxc", vmid: 104 } as const;
      await client.tasks.wait(await client.guests.stop(gone));
      await client.tasks.wait(await client.guests.destroy(gone));
      await client.put(["cluster", "backup", "lifeboat-prod"], { vmid: "101,102,103,104,106" });
    });
    await takeCommand("Five different problems", site, ["status"]);
  } finally {
    await site.stop();
  }
}

async function takeForty(): Promise<void> {
  const environments = [
    { name: "prod", node: "pve-prod", profile: "prod", guests: numbered(101, 20, "web") },
    { name: "lab", node: "pve-lab", profile: "lab", guests: numbered(201, 12, "lab") },
    { name: "monitoring", node: "pve-mon", profile: "monitoring", guests: numbered(301, 8, "mon") },
  ] as const;
  const site = await AdoptedSite.start(environments);
  try {
    for (const { node, guests } of environments)
      for (const { id } of guests) site.putArchive(node, id, now - 60, 2_000);
    await takeCommand("Forty guests", site, ["status"]);
  } finally {
    await site.stop();
  }
}

async function takeRestore(): Promise<void> {
  const site = await RestoreSite.start([{ id: 101, name: "web", withCache: true }]);
  try {
    await site.backUp(101);
    await takeCommand("What a restore would do", site, ["restore", "guest", "web", "--dry-run"]);
    await takeCommand("What a restore has done", site, [
      "restore",
      "guest",
      "web",
      "--stop",
      "--accept-loss",
      "--force",
    ]);
  } finally {
    await site.stop();
  }
}

async function takeAbandoned(): Promise<void> {
  const guests = [{ id: 101, name: "web", disk: "lvmthin" }] as const;
  const site = await AdoptedSite.start([{ name: "prod", node: "pve-prod", profile: "prod", guests }]);
  try {
    await site.lifeboat(["backup", "snapshot", "web", "--name", "first"]);
    await site.lifeboat(["restore", "snapshot", "web", "first", "--force", "--stop"], killAt("after", 11));
    await site.on("pve-prod", async (client) => {
      await client.tasks.wait(
        await client.guests.removeSnapshot({ node: "pve-prod", type: "lxc", vmid: 101 }, "first"),
      );
    });
    const { raw } = await converse(
      ["abandon", "web"],
      [
        ["Abandon", ""],
        ["Yes", "y"],
      ],
      { cwd: site.project, env: site.env },
    );
    take("What cannot be ended is given up", raw, site.folder);
  } finally {
    await site.stop();
  }
}

beforeAll(async () => {
  for (const one of [takeInit, takeStatus, takeForty, takeRestore, takeAbandoned]) await one();
  if (isWriting !== undefined) writeFileSync(page, pageOf());
}, 120_000);

test.each(Object.keys(screens))(
  "the guide shows the screen '%s' as it is now, and no line is wider than 80 columns [K2]",
  (name) => {
    const heading = Object.keys(screens).find((one): one is Heading => one === name);
    const shown = heading === undefined ? undefined : taken.get(heading);
    expect(shown).toBeDefined();
    expect(lasting(documented(heading ?? "Forty guests"))).toBe(lasting(shown ?? ""));
  },
);
