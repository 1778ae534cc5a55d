import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { failureText } from "../protocol/failure";
import type { Clock } from "./clock";
import type { Faults } from "./faults";
import { asProcess } from "./locks";

/** A task as the lists and its status show it. */
export interface TaskRecord {
  upid: string;
  node: string;
  pid: number;
  pstart: number;
  /** Unix seconds. */
  starttime: number;
  type: string;
  id: string;
  /** User, with the token's name if a token started it: `root@pam!tok`. */
  user: string;
  /** Unix seconds; undefined while it runs. */
  endtime?: number;
  /** `OK`, `WARNINGS: n`, an error's text, `unexpected status`; undefined while it runs. */
  exitstatus?: string;
}

/** What a worker sees of its own task. */
export interface Task {
  readonly upid: string;
  /** Aborted when the task is stopped. Long work listens to it; `checkpoint` throws when it is aborted. */
  readonly signal: AbortSignal;
  /** Writes one line (or several) into the log. */
  log(text: string): void;
  /** Writes `WARN: text` and counts: the task ends with `WARNINGS: n`. */
  warn(text: string): void;
  /**
   * A named point half-way: throws `received interrupt` in a stopped task; the faults `task-dies` (throws) and
   * `worker-killed` (never returns, the task has ended) and `task-waits` (returns late) work here.
   */
  checkpoint(name: string): Promise<void>;
}

/** Thrown by a worker that ends without a last line, as a killed one does: the task's status is `unexpected status`. */
export class WorkerGone extends Error {
  override readonly name = "WorkerGone";
}

export type Worker = (task: Task) => Promise<void> | void;

interface RunningTask {
  record: TaskRecord;
  abort: AbortController;
  warnings: number;
  ended: Promise<void>;
}

/** How long a stopped worker has to end by itself before it is killed, in milliseconds (PVE waits 5 s). */
const GRACE = 5000;

/** A line of the archive of ended tasks; older lines of a UPID are overridden by later ones. */
type ArchiveLine = TaskRecord;

/** Tasks of one node: running ones, ended ones, and their logs, all in files of the node's `tasks` folder. */
export class Tasks {
  readonly #node: string;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #changed: () => void;
  readonly #running = new Map<string, RunningTask>();
  /** Lets `#run` return although the worker does not. */
  readonly #killers = new Map<string, () => void>();
  /** Ended tasks, newest first, as they are listed. */
  readonly #ended: TaskRecord[] = [];
  #process: number;

  /** Reads the folder; tasks that ran when the emulator ended have lost their worker and end as Proxmox says it. */
  constructor(node: string, folder: string, clock: Clock, faults: Faults, changed: () => void) {
    this.#node = node;
    this.#folder = folder;
    this.#clock = clock;
    this.#faults = faults;
    this.#changed = changed;
    mkdirSync(folder, { recursive: true });
    this.#ended.push(...readRecords(join(folder, "index.ndjson")).sort(newestFirst));
    const known = new Set(this.#ended.map((record) => record.upid));
    const lost = readRecords(join(folder, "started.ndjson")).filter((record) => !known.has(record.upid));
    for (const record of lost) this.#archive({ ...record, endtime: clock.seconds(), exitstatus: "unexpected status" });
    writeFileSync(join(folder, "started.ndjson"), "");
    this.#process = Math.max(1000, ...this.#ended.map((record) => record.pid));
  }

  /**
   * Starts a task and answers with its UPID at once; the worker runs after that.
   *
   * @param user the caller's full name, such as `root@pam!tok`
   */
  start(type: string, id: string, user: string, worker: Worker): string {
    const record = this.#newRecord(type, id, user);
    appendFileSync(join(this.#folder, "started.ndjson"), `${JSON.stringify(record)}\n`);
    writeFileSync(this.#logFile(record.upid), "");
    const running: RunningTask = { record, abort: new AbortController(), warnings: 0, ended: Promise.resolve() };
    this.#running.set(record.upid, running);
    running.ended = this.#run(running, worker);
    return record.upid;
  }

  /** Running and ended tasks, newest first. */
  list(): TaskRecord[] {
    const all = [...this.#ended];
    for (const { record } of this.#running.values()) insert(all, record);
    return all;
  }

  find(upid: string): TaskRecord | undefined {
    return this.#running.get(upid)?.record ?? this.#ended.find((record) => record.upid === upid);
  }

  isRunning(upid: string): boolean {
    return this.#running.has(upid);
  }

  /** Lines of the log, oldest first. */
  log(upid: string): string[] {
    const file = this.#logFile(upid);
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  }

  /** Stops a running task; a worker that does not end by itself is killed. */
  async stop(upid: string): Promise<void> {
    const task = this.#running.get(upid);
    if (task === undefined) return;
    task.abort.abort();
    const timer = setTimeout(() => this.#end(task, undefined), GRACE);
    await task.ended;
    clearTimeout(timer);
  }

  /** Resolves when the task has ended, with its exit status. For workers that wait for another task, and for tests. */
  async wait(upid: string): Promise<string> {
    await this.#running.get(upid)?.ended;
    return this.find(upid)?.exitstatus ?? "unexpected status";
  }

  /** Forgets everything: a reset of the site. Running workers go on unseen until their next checkpoint. */
  abandon(): void {
    for (const task of this.#running.values()) {
      this.#running.delete(task.record.upid);
      task.abort.abort();
    }
  }

  #newRecord(type: string, id: string, user: string): TaskRecord {
    this.#process += 1 + Math.floor(Math.random() * 7);
    const pid = this.#process;
    const pstart = Math.floor(process.uptime() * 100) + 1000;
    const starttime = this.#clock.seconds();
    const hexadecimal = [pid, pstart, starttime].map((part) => part.toString(16).toUpperCase().padStart(8, "0"));
    const upid = `UPID:${this.#node}:${hexadecimal.join(":")}:${type}:${id}:${user}:`;
    return { upid, node: this.#node, pid, pstart, starttime, type, id, user };
  }

  async #run(running: RunningTask, worker: Worker): Promise<void> {
    await asProcess(async (kill) => {
      const killed = new Promise<void>((resolve) => {
        this.#killers.set(running.record.upid, () => {
          kill();
          resolve();
        });
      });
      await Promise.race([this.#work(running, worker), killed]);
    });
  }

  async #work(running: RunningTask, worker: Worker): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      await worker(this.#handle(running));
    } catch (failure) {
      if (failure instanceof WorkerGone) return this.#end(running, undefined);
      const text = failureText(failure).trimEnd().replaceAll("\n", " ");
      this.#write(running, `TASK ERROR: ${text}`);
      return this.#end(running, text);
    }
    const status = running.warnings > 0 ? `WARNINGS: ${String(running.warnings)}` : "OK";
    this.#write(running, `TASK ${status}`);
    return this.#end(running, status);
  }

  #handle(running: RunningTask): Task {
    const { upid, type } = running.record;
    return {
      upid,
      signal: running.abort.signal,
      log: (text) => this.#write(running, text),
      warn: (text) => {
        running.warnings += 1;
        this.#write(running, `WARN: ${text}`);
      },
      checkpoint: async (at) => {
        const where = { node: this.#node, type, at };
        const isHeld = (): boolean => this.#faults.hit("task-waits", where) !== undefined;
        while (!running.abort.signal.aborted && isHeld()) await pause(20);
        if (running.abort.signal.aborted) throw new Error("received interrupt");
        const death = this.#faults.hit("task-dies", where);
        if (death !== undefined) throw new Error(death.text ?? `worker failed at '${at}'`);
        if (this.#faults.hit("worker-killed", where) === undefined) return;
        this.#end(running, undefined);
        // A killed worker does nothing any more, not even cleaning up: this promise stays open.
        await new Promise<never>(() => undefined);
      },
    };
  }

  #write(running: RunningTask, text: string): void {
    if (!this.#running.has(running.record.upid)) return;
    appendFileSync(this.#logFile(running.record.upid), `${text.replace(/\n$/, "")}\n`);
  }

  /** Ends a task once; without a status its worker was killed. */
  #end(running: RunningTask, status: string | undefined): void {
    const { upid } = running.record;
    this.#killers.get(upid)?.();
    this.#killers.delete(upid);
    if (!this.#running.delete(upid)) return;
    this.#changed();
    this.#archive({ ...running.record, endtime: this.#clock.seconds(), exitstatus: status ?? "unexpected status" });
  }

  #archive(record: ArchiveLine): void {
    insert(this.#ended, record);
    appendFileSync(join(this.#folder, "index.ndjson"), `${JSON.stringify(record)}\n`);
  }

  #logFile(upid: string): string {
    return join(this.#folder, `${upid.replaceAll("/", "_")}.log`);
  }
}

function newestFirst(one: TaskRecord, other: TaskRecord): number {
  return other.starttime - one.starttime || other.pid - one.pid;
}

/** Puts a task in its place in a list, newest first: nearly always at its beginning. */
function insert(list: TaskRecord[], record: TaskRecord): void {
  const place = list.findIndex((other) => newestFirst(record, other) <= 0);
  list.splice(place < 0 ? list.length : place, 0, record);
}

function readRecords(file: string): TaskRecord[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): TaskRecord => JSON.parse(line));
}
