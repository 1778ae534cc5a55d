import { randomInt } from "node:crypto";
import * as z from "zod";
import { AgentSilent } from "../../machines";
import { JsonSocket } from "./json-socket";
import { SOCKETS } from "./qmp";

/** Seconds in which a running agent says that it is there, and for an answer; emulated processors are slow. */
const SYNC_LIMIT = 15;
const ANSWER_LIMIT = 120;

/** Seconds for the commands that wait for file systems, as long as Proxmox gives them. */
const LONG_ANSWERS: Readonly<Record<string, number>> = { "guest-fsfreeze-freeze": 3600, "guest-fstrim": 3600 };

/** Seconds to wait for a refusal of these: when they do what they are told, they answer nothing. */
const SILENT_WHEN_DONE = 10;
const SILENT_COMMANDS = ["guest-shutdown", "guest-suspend-disk", "guest-suspend-ram", "guest-suspend-hybrid"];

const replySchema = z.union([z.object({ return: z.unknown() }), z.object({ error: z.object({ desc: z.string() }) })]);

/**
 * Runs a command of the agent in the guest of a machine's folder.
 *
 * @returns its `return`, `{}` for one that answers nothing
 * @throws AgentSilent; Error with the agent's own text
 */
export async function askAgent(
  folder: string,
  command: string,
  parameters: Readonly<Record<string, unknown>> | undefined,
): Promise<unknown> {
  const socket = await JsonSocket.open(folder, SOCKETS.agent).catch(() => {
    throw new AgentSilent("QEMU guest agent is not running");
  });
  try {
    await synchronize(socket);
    socket.send({ execute: command, ...(parameters === undefined ? {} : { arguments: parameters }) });
    const isSilent = SILENT_COMMANDS.includes(command);
    const limit = isSilent ? SILENT_WHEN_DONE : (LONG_ANSWERS[command] ?? ANSWER_LIMIT);
    const line = await socket.line(limit * 1000);
    if (line === undefined && isSilent) return {};
    if (line === undefined) throw new AgentSilent(`QEMU guest agent did not answer ${command}`);
    const reply = replySchema.parse(JSON.parse(line));
    if ("error" in reply) throw new Error(reply.error.desc);
    return reply.return;
  } finally {
    socket.close();
  }
}

/** A byte that no text holds: the agent forgets what was half said when it reads it, and puts it before its answer. */
const DELIMITER = "\xff";
const DELIMITER_READ = "\ufffd";

/** Passes over answers to those who went away before they came. */
async function synchronize(socket: JsonSocket): Promise<void> {
  const id = randomInt(2 ** 31);
  socket.send({ execute: "guest-sync-delimited", arguments: { id } }, DELIMITER);
  const end = Date.now() + SYNC_LIMIT * 1000;
  for (;;) {
    const line = await socket.line(Math.max(0, end - Date.now()));
    if (line === undefined) throw new AgentSilent("QEMU guest agent is not running");
    const reply = line.slice(line.lastIndexOf(DELIMITER_READ) + 1);
    if (line.includes(DELIMITER_READ) && syncSchema.safeParse(parsed(reply)).data?.return === id) return;
  }
}

const syncSchema = z.object({ return: z.number() });

/** What a line holds; undefined for a piece of one. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
