import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat, truncate } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { socketPath } from "../../../machine/socket-path";
import { type Monitor, MonitorSilent } from "./qmp";

/** Through which memory goes, in the folder of the machine. QEMU reaches it by this process's descriptor. */
const SOCKET = "memory.sock";

/** Bytes per second: a machine that is held shall not be held longer than it must. */
const BANDWIDTH = 2 ** 40;

/** How often QEMU is asked how far it is. */
const LOOK_EVERY = 100;

/**
 * Writes memory and devices of a paused machine to a file, which is there only when it is whole. A larger file, as a volume
 * that was made for it, keeps its size: QEMU reads no further than it wrote.
 */
export async function saveMemory(monitor: Monitor, folder: string, file: string): Promise<void> {
  const { path, release } = socketPath(folder, SOCKET);
  const part = `${file}.part`;
  const server = createServer();
  try {
    await rm(path, { force: true });
    server.listen(path);
    await once(server, "listening");
    const written = once(server, "connection").then(([socket]) => pipeline(socket, createWriteStream(part)));
    // Looked at below, when QEMU says that it is done.
    written.catch(() => undefined);
    await monitor.execute("migrate-set-parameters", { "max-bandwidth": BANDWIDTH });
    await monitor.execute("migrate", { uri: `unix:${path}` });
    await untilMoved(monitor);
    await written;
    const made = await stat(file).catch(() => undefined);
    if (made !== undefined && made.size > (await stat(part)).size) await truncate(part, made.size);
    await rename(part, file);
  } finally {
    server.close();
    release();
    await rm(part, { force: true });
  }
}

/** Gives a machine that waits for it (`-incoming defer`) the memory from a file. */
export async function loadMemory(monitor: Monitor, folder: string, file: string): Promise<void> {
  const { path, release } = socketPath(folder, SOCKET);
  try {
    await monitor.execute("migrate-incoming", { uri: `unix:${path}` });
    const socket = connect(path);
    await once(socket, "connect");
    // The connection ends as QEMU wants it: its own word counts.
    await Promise.all([pipeline(createReadStream(file), socket).catch(() => undefined), untilMoved(monitor)]);
  } catch (failure) {
    // QEMU ends when it cannot go on from there.
    throw failure instanceof MonitorSilent ? new Error(`${file} is no memory of this machine`) : failure;
  } finally {
    release();
  }
}

const progressSchema = z.object({ status: z.string().optional(), "error-desc": z.string().optional() });

async function untilMoved(monitor: Monitor): Promise<void> {
  for (;;) {
    const { status, "error-desc": reason } = progressSchema.parse(await monitor.execute("query-migrate"));
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled") throw new Error(reason ?? `moving memory ${status}`);
    await sleep(LOOK_EVERY);
  }
}
