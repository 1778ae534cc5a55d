import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCertificate } from "../../../proxmox/api/certificate";
import { runSetup } from "../../support/node-commands";
import { furnished, startContainer, startNodes } from "../support/site/furnish";
import { NodeSite } from "../support/site/node-site";
import { siteFolder } from "../support/site/project-site";
import { type RunOptions, type RunResult, runLifeboat } from "../support/run-bundle";

const node = "pve-prod";

/** A node with guests that somebody made by hand, and nothing of Lifeboat: no settings, no token. */
export class InitSite extends NodeSite {
  /** Of a token with the rights that the command's own lines give. */
  token = "";

  static async start(guests: number): Promise<InitSite> {
    const folder = siteFolder("init");
    const containers = Array.from({ length: guests }, (_, index) => {
      const root = { key: "rootfs", on: "dir", gibibytes: 1, files: {} } as const;
      return startContainer({ id: 140 + index, name: `old-${String(index + 1)}`, node, disks: [root] });
    });
    const sandbox = await startNodes(folder, [node], (cluster) =>
      furnished(cluster, { backup: {}, disks: ["dir"], guests: containers }),
    );
    const site = new InitSite(folder, sandbox, () => node);
    // A folder that is not there is a storage that is not active.
    mkdirSync(site.nodePath(node, "mnt/backup/dump"), { recursive: true });
    return site;
  }

  /** A folder of its own, and a shell that knows nothing of a project or a token. */
  shell(): InitShell {
    return new InitShell(mkdtempSync(join(this.folder, "shell-")), this);
  }

  /** Runs lines of `pveum` as root, as they were printed, and keeps the token that they make. */
  async runLines(printed: string): Promise<void> {
    const lines = printed.split("\n").map((line) => line.trim());
    const root = this.rootClient();
    try {
      const made = await runSetup(
        root,
        lines.filter((line) => line.startsWith("pveum ")),
      );
      const secret = made.get("lifeboat@pve!cli");
      if (secret !== undefined) this.token = `lifeboat@pve!cli=${secret}`;
    } finally {
      await root.close();
    }
  }

  /** SHA-256 of the node's certificate, as a person reads it on the node. */
  async fingerprint(): Promise<string> {
    const pem = readFileSync(this.sandbox.layout.ca, "utf8");
    return (await readCertificate(this.endpoint(), { kind: "ca", pem })).fingerprint;
  }
}

/** A person's folder and variables. */
export class InitShell {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(
    home: string,
    private readonly site: InitSite,
  ) {
    this.folder = mkdtempSync(join(home, "site-"));
    const { PATH = "" } = process.env;
    this.env = { PATH, HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_DATA_HOME: join(home, "data") };
  }

  /** A file with the token. */
  tokenFile(text = this.site.token): string {
    const file = join(this.env["HOME"] ?? "", "token");
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return file;
  }

  /** Flags that answer every question. */
  flags(): string[] {
    const { folder, env } = this;
    const answers = {
      "--endpoint": this.site.endpoint(),
      "--ca": this.site.sandbox.layout.ca,
      "--token-file": this.tokenFile(),
      "--passphrase-file": join(env["HOME"] ?? folder, "keys", "passphrase"),
      "--storage": "backup",
    };
    return [...Object.entries(answers).flat(), "--force"];
  }

  /** The command line as a process of its own: it makes a link to the folder of its bundle. */
  lifeboat(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runLifeboat(argv, { cwd: this.folder, env: this.env }, { asProcess: true, ...options });
  }
}
