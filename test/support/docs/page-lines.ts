import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const docs = resolve(__dirname, "../../../docs");

/** What a person types, as a page has it. */
export interface PageLine {
  /** `guides/restore.md` */
  readonly page: string;
  readonly command: string;
  /** It begins with `$`, in a console block: such lines of a page are run one after the other. */
  readonly isConsole: boolean;
}

/** Words with which a line of a page begins that is to be typed. Other lines of code are settings or what was printed. */
const programs = new RegExp(
  `^(?:${[
    "(?:[A-Z_]+=\\S+ )*(?:lifeboat|lifeboat-data|lifeboat-data-pitr|pulumi|eval|npm|export)",
    "pct|qm|qmrestore|pvesm|pvesh|pveum|pvecm|vzdump|ifreload|growpart|resize2fs|proxmox-backup-\\w+",
    "ssh|scp|ssh-copy-id|ssh-keygen|curl|systemctl|apt-get|gh|age-keygen|sha256sum|zstd|tar|cat|cd|mkdir|cp|mv|rm|echo|zip|printf|mc|docker|runuser",
    "PATH=\\S+|store=\\S+",
  ].join("|")})(?= |$)`,
  "u",
);

/** The page that everybody begins with; its scripts are run as its other lines are. */
const readme = "../README.md";

/** Pages for people. What tests write themselves shows no line that nobody has run. */
export function pagesForPeople(): string[] {
  const pages = ["guides", "runbooks", "runbooks/alerts"].flatMap((folder) =>
    readdirSync(join(docs, folder)).flatMap((name) =>
      name.endsWith(".md") && name !== "screens.md" ? [`${folder}/${name}`] : [],
    ),
  );
  return [readme, ...pages];
}

/** Every line of a page that is to be typed, in its order, without what the page says behind it. */
export function linesOf(page: string): PageLine[] {
  const lines: PageLine[] = [];
  let fence: string | undefined;
  // A line that ends with a backslash goes on in the next one.
  const text = readFileSync(join(docs, page), "utf8").replaceAll(/ \\\n */gu, " ");
  for (const line of text.split("\n")) {
    const [, mark] = /^ *```(.*)$/u.exec(line) ?? [];
    if (mark !== undefined) {
      fence = fence === undefined ? mark : undefined;
      continue;
    }
    if (fence === "console") {
      const [, command] = /^ *\$ (.*)$/u.exec(line) ?? [];
      if (command !== undefined) lines.push({ page, command, isConsole: true });
    } else if (fence === "sh" || (fence === undefined && /^ {4}/u.test(line))) {
      // The tables of what a demo shows have words of commands.
      if (page === readme && fence === undefined && /\S {2,}/u.test(line)) continue;
      const command = line.trim().replace(/ {2,}.*$| +# .*$/u, "");
      if (programs.test(command)) lines.push({ page, command, isConsole: page === readme && fence === "sh" });
    }
  }
  return lines;
}
