/**
 * The test-only side door of a running site: JSON over HTTP on a unix socket in the state folder. Used by the sandbox
 * command, by conformance and by tests; nothing of it is part of Proxmox.
 */
import { rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import * as z from "zod";
import { socketPath } from "../machine/socket-path";

/** What can be asked. Paths are absolute paths of this machine, except where a node's path is said. */
export const controlCommand = z.discriminatedUnion("command", [
  /** What runs: nodes, addresses, driver. */
  z.object({ command: z.literal("status") }),
  /** Back to the state that a fixture file describes. */
  z.object({ command: z.literal("reset"), fixture: z.string() }),
  /** Stores a text as a file of a node: a guest's configuration below /etc/pve, or a file in a volume. */
  z.object({ command: z.literal("write"), path: z.string(), content: z.string() }),
  /** `mv FROM TO` as root on a node: a guest's configuration to another node's folder, out of /etc/pve, or back. */
  z.object({ command: z.literal("move"), node: z.string(), from: z.string(), to: z.string() }),
  /** The verify jobs of all backup servers run: each snapshot's data is compared with what it was. */
  z.object({ command: z.literal("verify-snapshots") }),
  z.object({ command: z.literal("faults") }),
  z.object({
    command: z.literal("set-fault"),
    name: z.string(),
    settings: z.record(z.string(), z.string()).default({}),
  }),
  /** Without a name all faults go. */
  z.object({ command: z.literal("clear-fault"), name: z.string().optional() }),
  /** Sets how many seconds the site's clock is ahead of the machine's. */
  z.object({ command: z.literal("clock"), offset: z.number() }),
  /** Lets time pass: backup jobs that are due meanwhile run, each at its own time. Answers with the site's time. */
  z.object({ command: z.literal("forward"), seconds: z.number().nonnegative() }),
  /** The site's time, unix seconds, and each node's time zone. */
  z.object({ command: z.literal("time") }),
  /** Ends the process in good order. */
  z.object({ command: z.literal("stop") }),
]);

export type ControlCommand = z.input<typeof controlCommand>;

export type ControlHandler = (command: z.output<typeof controlCommand>) => Promise<unknown>;

const answerSchema = z.union([
  z.object({ ok: z.literal(true), result: z.unknown().optional() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

export const statusSchema = z.object({
  pid: z.number(),
  driver: z.string(),
  authority: z.string(),
  nodes: z.array(z.object({ node: z.string(), address: z.string(), port: z.number(), url: z.string() })),
});

export const timeSchema = z.object({
  /** Unix seconds. */
  time: z.number(),
  nodes: z.array(z.object({ node: z.string(), timeZone: z.string(), time: z.number() })),
});

export type SiteTime = z.infer<typeof timeSchema>;

export type SiteStatus = z.infer<typeof statusSchema>;

const SOCKET = "control.sock";

/** Serves the control socket of a state folder until it is closed. */
export async function serveControl(folder: string, handle: ControlHandler): Promise<{ close: () => Promise<void> }> {
  const { path, release } = socketPath(folder, SOCKET);
  rmSync(path, { force: true });
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      answerControl(handle, Buffer.concat(parts).toString("utf8"))
        .then((answer) => outgoing.end(JSON.stringify(answer)))
        .catch(() => outgoing.destroy());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
  return { close: () => closeServer(server).finally(release) };
}

async function answerControl(handle: ControlHandler, text: string): Promise<z.infer<typeof answerSchema>> {
  try {
    return { ok: true, result: (await handle(controlCommand.parse(JSON.parse(text)))) ?? null };
  } catch (failure) {
    return { ok: false, error: failure instanceof Error ? failure.message : String(failure) };
  }
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** Sends one command to the site of a state folder; throws with its error, or when nothing listens there. */
export async function control(folder: string, command: ControlCommand): Promise<unknown> {
  const { path, release } = socketPath(folder, SOCKET);
  try {
    const answer = answerSchema.parse(JSON.parse(await post(path, JSON.stringify(command))));
    if (!answer.ok) throw new Error(answer.error);
    return answer.result;
  } finally {
    release();
  }
}

/** What runs in a state folder; throws when nothing does. */
export async function siteStatus(folder: string): Promise<SiteStatus> {
  return statusSchema.parse(await control(folder, { command: "status" }));
}

function post(socket: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, method: "POST", path: "/" }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve(text));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
