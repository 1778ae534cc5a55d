import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { privateMounts } from "../../sandbox/drivers/real/mounted-tree";
import { databaseTree, type DatabaseTree } from "./database-tree";
import { startScript } from "./start-script";

/** How a command in the guest ended, and what it printed. */
export interface GuestAnswer {
  /** 128 and the number of the signal, where one ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GuestCommandOptions {
  /** What it reads; nothing when left out. */
  readonly input?: string | Buffer;
  /** Who runs it; root when left out. */
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface DatabaseGuestOptions {
  /** MiB that the guest may write in all; 4096 when left out. They are taken from the memory of this machine. */
  readonly room?: number;
  /** Receives a line before each part that takes time, and what a broken start says. */
  readonly say?: (line: string) => void;
}

/**
 * A Debian 12 with PostgreSQL 15, MariaDB 10.11 and what backs them up, in namespaces of its own instead of a container: it is
 * there in a tenth of a second, has a loopback and no other network, and what it writes lies in memory. systemd does not run in it:
 * databases are started by {@link startPostgres} and {@link startMariaDb}. Needs root.
 *
 * Nothing of it outlives `stop`, or the process that started it, however that ended.
 */
export class DatabaseGuest {
  readonly #holder: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  /** The guest's first process, as this machine counts. */
  readonly pid: number;

  private constructor(holder: ChildProcessWithoutNullStreams, ended: Promise<void>, pid: number) {
    this.#holder = holder;
    this.#ended = ended;
    this.pid = pid;
  }

  static async start({ room = 4096, say = () => undefined }: DatabaseGuestOptions = {}): Promise<DatabaseGuest> {
    const tree = await databaseTree(say);
    const holder = spawn("unshare", [...namespaces, "sh", "-c", startScript, "guest", ...startWords(tree, room)]);
    holder.stdin.on("error", () => undefined);
    const ended = new Promise<void>((resolve) => holder.on("close", () => resolve()));
    await isReady(holder);
    return new DatabaseGuest(holder, ended, firstChild(holder.pid));
  }

  /** Runs a program in the guest. No shell reads its words. */
  run(words: readonly string[], { input, user, environment = {} }: GuestCommandOptions = {}): Promise<GuestAnswer> {
    const child = spawn("nsenter", [
      `--target=${this.pid}`,
      ...inside,
      ...cleanEnvironment,
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...(user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--"]),
      ...words,
    ]);
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return answerOf(child);
  }

  /** Runs shell text in the guest, by its `sh`. */
  shell(text: string, options?: GuestCommandOptions): Promise<GuestAnswer> {
    return this.run(["sh", "-c", text], options);
  }

  /** The same, where it must end well. @returns what it printed, without the last line's end @throws Error with what it said */
  async must(text: string, options?: GuestCommandOptions): Promise<string> {
    const { exitCode, stdout, stderr } = await this.shell(text, options);
    if (exitCode !== 0) throw new Error(`${text}\nended with ${exitCode}:\n${stdout}${stderr}`);
    return stdout.replace(/\n$/, "");
  }

  /** Where this machine sees a file of the guest. A symbolic link to an absolute path leads out of the guest. */
  path(inGuest: string): string {
    return `/proc/${this.pid}/root${inGuest}`;
  }

  /** Starts PostgreSQL's cluster `15/main` and waits until it answers: by its socket, and on the loopback's port 5432. */
  async startPostgres(): Promise<void> {
    await this.must("pg_ctlcluster --skip-systemctl-redirect 15 main start && pg_isready --quiet --timeout 60");
  }

  async stopPostgres(mode: "fast" | "immediate" = "fast"): Promise<void> {
    await this.must(`pg_ctlcluster --skip-systemctl-redirect --mode ${mode} 15 main stop`);
  }

  /**
   * Starts MariaDB and waits until it answers: root without a password by its socket, and the loopback's port 3306.
   *
   * @param words more options of the server, as `--log-bin`
   */
  async startMariaDb(...words: readonly string[]): Promise<void> {
    const { exitCode, stdout } = await this.run(["sh", "-c", startMariaDb, "start", ...words]);
    if (exitCode !== 0) throw new Error(`MariaDB does not start:\n${stdout}`);
  }

  async stopMariaDb(): Promise<void> {
    await this.must("mariadb-admin shutdown && while [ -e /run/mysqld/mysqld.pid ]; do sleep 0.1; done");
  }

  /** Ends all of it. */
  async stop(): Promise<void> {
    this.#holder.stdin.end();
    await this.#ended;
  }
}

const startMariaDb = `
setsid mariadbd --user=mysql "$@" > /var/log/mariadbd.log 2>&1 < /dev/null &
while kill -0 $!; do
  if mariadb-admin --silent ping; then exit 0; fi
  sleep 0.1
done
tail /var/log/mariadbd.log
exit 1
`;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const inside = ["--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd"];

const cleanEnvironment = ["env", "--ignore-environment", "HOME=/root", "LANG=C.UTF-8", `PATH=${PATH}`];

const namespaces = [...privateMounts, "--pid", "--fork", "--net", "--uts", "--ipc"];

function startWords({ folder, stage }: DatabaseTree, room: number): string[] {
  return [folder, stage, `${room}m`];
}

function isReady(holder: ChildProcessWithoutNullStreams): Promise<void> {
  let complaints = "";
  holder.stderr.setEncoding("utf8").on("data", (part: string) => (complaints += part));
  return new Promise((resolve, reject) => {
    holder.on("error", reject);
    holder.stdout.once("data", () => resolve());
    holder.on("close", (code) => reject(new Error(`The guest does not start (${code ?? "a signal"}): ${complaints}`)));
  });
}

/** `unshare` stays, and its child is the first process of the new namespace. */
function firstChild(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

function answerOf(child: ChildProcessWithoutNullStreams): Promise<GuestAnswer> {
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (part: string) => (stdout += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (stderr += part));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ exitCode: code ?? 128 + (signal === "SIGKILL" ? 9 : 15), stdout, stderr }),
    );
  });
}
