import { setMaxListeners } from "node:events";
import { resolve } from "node:path";
import type { Site } from "../../project/site";
import { Redactor } from "../../terminal/redactor";
import { Interrupted } from "../../terminal/command-error";
import type { InputOutput } from "../../terminal/input-output";
import { Output } from "../../terminal/output";
import { type Manner, Progress } from "../../terminal/progress";
import { Prompts } from "../../terminal/prompts";
import { Talk } from "../../terminal/talk";
import type { CommandContext } from "../../project/context";

/** Options that every command has. */
export interface GlobalOptions {
  json: boolean;
  /** Project folder from `--project`. */
  project: string | undefined;
  /** How much is said of what is done. Default: as usual. */
  manner?: Manner;
}

/** Every command of the program; no test of an operation needs any. */
type Commands = CommandContext["commands"];

/** A context and how to end it. */
export interface OpenContext {
  context: CommandContext;
  /** Aborts `context.signal`. */
  abort: () => void;
  close: () => Promise<void>;
}

export function openContext(io: InputOutput, options: GlobalOptions, commands: Commands = []): OpenContext {
  const redactor = new Redactor();
  const cleanUps: (() => void | Promise<void>)[] = [];
  const abort = new AbortController();
  // Every request that is under way listens for it: hundreds are no leak.
  setMaxListeners(0, abort.signal);
  const talk = new Talk(io.writeError, io, "error", redactor);
  let site: Promise<Site> | undefined;
  const context: CommandContext = {
    io,
    talk,
    output: new Output(io, options.json, redactor),
    progress: new Progress(io, talk, redactor, options.manner),
    prompts: new Prompts(io, options.json),
    redactor,
    project: options.project,
    commands,
    signal: abort.signal,
    site: () => (site ??= openForCommand(options, context)),
    openSite: (credentials) => openSiteWith(options, context, credentials),
    defer: (cleanUp) => void cleanUps.push(cleanUp),
  };
  return { context, abort: () => abort.abort(new Interrupted()), close: () => closeAll(cleanUps) };
}

async function openForCommand(options: GlobalOptions, context: CommandContext): Promise<Site> {
  const site = await openSiteWith(options, context);
  context.defer(() => site.close());
  return site;
}

async function openSiteWith(options: GlobalOptions, context: CommandContext, credentials?: string): Promise<Site> {
  const { io, redactor } = context;
  // Help, version and mistakes on the command line need neither the settings nor the client.
  const { openSite } = await import("../../project/site.js");
  return openSite({
    project: options.project,
    environment: io.environment,
    workingDirectory: io.workingDirectory,
    redactor,
    credentials: credentials === undefined ? undefined : resolve(io.workingDirectory, credentials),
  });
}

async function closeAll(cleanUps: (() => void | Promise<void>)[]): Promise<void> {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
