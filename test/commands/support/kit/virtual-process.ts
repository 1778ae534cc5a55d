import { AsyncLocalStorage } from "node:async_hooks";
import childProcess, { type ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import fs from "node:fs";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import timers from "node:timers/promises";
import * as z from "zod";
import { installSalts } from "./salts";
import { wrap } from "./wrap";

/**
 * A run of the command line that shares this process with others and with the test. For what it calls it has a process id,
 * an environment and a working directory of its own, and it can be killed: from then on nothing that it does has an
 * effect. Whatever goes on of it, `catch` and `finally` included, finds every file, socket and program out of its reach,
 * as a process has no more `catch` and `finally` after SIGKILL.
 */
export class VirtualProcess {
  readonly pid = nextPid();
  /** Files that were put in their place so far, journals among them: `kill` counts them. */
  private writes = 0;
  private effects = 0;
  private isKilled = false;
  private hasEnded = false;
  private readonly sockets = new Set<Duplex>();
  private readonly children = new Set<ChildProcess>();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly options: VirtualProcessOptions) {
    alive.set(this.pid, this);
  }

  /** Whose work is being done; undefined: that of the test, or of the emulator. */
  static get current(): VirtualProcess | undefined {
    return current.getStore();
  }

  /** Does work as this process: all that it calls, now and later. */
  run<Result>(work: () => Result): Result {
    install();
    return current.run(this, work);
  }

  get environment(): NodeJS.ProcessEnv {
    return this.options.environment;
  }

  get workingDirectory(): string {
    return this.options.workingDirectory;
  }

  get killed(): boolean {
    return this.isKilled;
  }

  /** As SIGKILL: connections break, programs that it started go on by themselves. */
  kill(): void {
    if (this.isKilled || this.hasEnded) return;
    this.isKilled = true;
    alive.delete(this.pid);
    for (const socket of this.sockets) socket.destroy();
    for (const { stdin, stdout, stderr } of this.children) for (const end of [stdin, stdout, stderr]) end?.destroy();
    // A timer that others share goes on as long as they do.
    for (const timer of this.timers) timer.unref();
    this.options.onKill();
  }

  /** It has ended by itself: nobody's lock with its id holds any more. */
  end(): void {
    this.hasEnded = true;
    alive.delete(this.pid);
  }

  /** Puts a file in its place, and dies before or after it where that is the moment. */
  replace(from: string, to: string, rename: () => void): void {
    if (!to.endsWith(".json")) return rename();
    this.writes += 1;
    const text = fs.readFileSync(from, "utf8");
    this.strike("before", to, text);
    rename();
    this.strike("after", to, text);
  }

  private strike(moment: FileWrite["moment"], path: string, text: string): void {
    this.options.onWrite?.({ moment, number: this.writes, path, text, effects: this.effects });
    if (this.isKilled) throw new Killed();
  }

  /** It changes something that is no journal. */
  affects(): void {
    this.effects += 1;
  }

  /** A killed process connects to nothing. */
  connects(socket: Duplex): boolean {
    if (this.isKilled) return false;
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
    return true;
  }

  waitsFor(timer: NodeJS.Timeout): void {
    this.timers.push(timer);
    if (this.isKilled) timer.unref();
  }

  started(child: ChildProcess): void {
    this.children.add(child);
    child.once("close", () => this.children.delete(child));
  }
}

export interface VirtualProcessOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly workingDirectory: string;
  readonly onKill: () => void;
  /** Called just before and just after a journal, or another JSON file, is put in its place. May kill. */
  readonly onWrite?: ((write: FileWrite) => void) | undefined;
}

/** A JSON file that is put in the place of an older one, or of none. */
export interface FileWrite {
  readonly moment: "before" | "after";
  /** Which write of the run it is, from 1. */
  readonly number: number;
  readonly path: string;
  readonly text: string;
  /** What the run has changed so far besides journals: files, and whatever programs and requests but GET may change. */
  readonly effects: number;
}

/** What a killed run gets from the system. It must not be caught by anything that means an error of the system. */
class Killed extends Error {
  override readonly name = "Killed";

  constructor() {
    super("this run was killed");
  }
}

const current = new AsyncLocalStorage<VirtualProcess>();
const alive = new Map<number, VirtualProcess>();

/** Beyond the highest id that Linux gives. */
let lastPid = 2 ** 22;

function nextPid(): number {
  lastPid += 1;
  return lastPid;
}

/** Never settles: so ends whatever a killed run waits for. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

type Reaction = () => unknown;

/** A function that a killed run calls in vain. */
function forbidAfterKill(holder: object, name: string, reaction: Reaction): void {
  wrap(holder, name, (original, self, words) =>
    current.getStore()?.killed === true ? reaction() : Reflect.apply(original, self, words),
  );
}

function throwKilled(): never {
  throw new Killed();
}

/** Functions of `node:fs` that give a stream, or watch. */
const immediate = /Sync$|^create|^watch/u;

/** Functions by which a file is changed that is named by its path; what journals are written with has a number. */
const changing = ["writeFileSync", "appendFileSync", "rmSync", "unlinkSync", "linkSync", "copyFileSync", "cpSync"];

function isTimer(value: unknown): value is NodeJS.Timeout {
  return typeof value === "object" && value !== null && "unref" in value;
}

let isInstalled = false;

/** Changes Node's own modules once for the whole process. Outside of a run everything is as it was. */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  for (const name of Object.keys(fs).filter((key) => /^[a-z]/u.test(key))) {
    forbidAfterKill(fs, name, immediate.test(name) ? throwKilled : () => undefined);
  }
  for (const name of Object.keys(fs.promises)) forbidAfterKill(fs.promises, name, never);
  installFiles();
  installHandles();
  installRequests();
  installPrograms();
  installProcess();
  installSalts(() => current.getStore()?.workingDirectory);
  for (const name of ["setTimeout", "setInterval"]) {
    wrap(globalThis, name, (original, self, words) => {
      const timer: unknown = Reflect.apply(original, self, words);
      if (isTimer(timer)) current.getStore()?.waitsFor(timer);
      return timer;
    });
  }
  wrap(timers, "setTimeout", async (original, self, words) => {
    const run = current.getStore();
    const result = await Reflect.apply(original, self, words);
    return run?.killed === true ? never() : result;
  });
  wrap(Socket.prototype, "connect", (original, self, words) => {
    const run = current.getStore();
    if (run === undefined || !(self instanceof Socket)) return Reflect.apply(original, self, words);
    return run.connects(self) ? Reflect.apply(original, self, words) : self.destroy();
  });
}

function installFiles(): void {
  wrap(fs, "renameSync", (original, self, words) => {
    const run = current.getStore();
    const rename = (): void => void Reflect.apply(original, self, words);
    if (run === undefined) return rename();
    const [from, to] = words;
    return run.replace(String(from), String(to), rename);
  });
  for (const [holder, names] of [
    [fs, changing],
    [fs.promises, changing.map((name) => name.replace("Sync", ""))],
  ] as const) {
    for (const name of names) {
      wrap(holder, name, (original, self, words) => {
        if (typeof words[0] === "string") current.getStore()?.affects();
        return Reflect.apply(original, self, words);
      });
    }
  }
  // Whether a file outlives a power cut is shown by no kill, and costs more than all the rest of a run.
  wrap(fs, "fsyncSync", (original, self, words) =>
    current.getStore() === undefined ? Reflect.apply(original, self, words) : undefined,
  );
}

const requestSchema = z.object({ request: z.object({ method: z.string() }) });

function countRequest(message: unknown): void {
  const { success, data } = requestSchema.safeParse(message);
  if (!success || !["GET", "HEAD"].includes(data.request.method)) current.getStore()?.affects();
}

/** Counts requests that are meant to change something. */
function installRequests(): void {
  subscribe("undici:request:create", countRequest);
  subscribe("http.client.request.start", countRequest);
}

function installPrograms(): void {
  wrap(childProcess, "spawn", (original, self, words) => {
    const run = current.getStore();
    if (run?.killed === true) throw new Killed();
    run?.affects();
    const child: unknown = Reflect.apply(original, self, words);
    if (child instanceof childProcess.ChildProcess) run?.started(child);
    return child;
  });
}

/** What a file is changed by once it is open. */
const changingHandle = ["write", "writev", "writeFile", "appendFile", "truncate", "sync", "datasync"];

/** Files that a killed run has open yet are out of its reach as well. Node shows the class of them only by one of it. */
function installHandles(): void {
  let isDone = false;
  wrap(fs.promises, "open", async (original, self, words) => {
    const handle: unknown = await Reflect.apply(original, self, words);
    if (!isDone && typeof handle === "object" && handle !== null) {
      isDone = true;
      const holder: object = Object.getPrototypeOf(handle);
      for (const name of changingHandle) forbidAfterKill(holder, name, never);
    }
    return handle;
  });
}

/** What the system tells a process of itself and of others. */
function installProcess(): void {
  const { pid, env } = process;
  Object.defineProperty(process, "pid", { configurable: true, get: () => current.getStore()?.pid ?? pid });
  Object.defineProperty(process, "env", {
    configurable: true,
    enumerable: true,
    get: () => current.getStore()?.environment ?? env,
  });
  wrap(
    process,
    "cwd",
    (original, self, words) => current.getStore()?.workingDirectory ?? Reflect.apply(original, self, words),
  );
  wrap(process, "kill", (original, self, words) => {
    const [target, signal] = words;
    if (typeof target !== "number" || target <= 2 ** 22) return Reflect.apply(original, self, words);
    const found = alive.get(target);
    if (found === undefined)
      throw Object.assign(new Error("kill ESRCH"), { code: "ESRCH", errno: -3, syscall: "kill" });
    if (signal !== 0) found.kill();
    return true;
  });
}
