import { closeSync, openSync } from "node:fs";
import { join } from "node:path";

/** A unix socket's path holds about a hundred bytes; a folder with a longer one is reached through a descriptor. */
const LONGEST_SOCKET_PATH = 100;

export interface SocketPath {
  /** Short enough to listen on or to connect to, for every process of this user, until it is released. */
  path: string;
  release: () => void;
}

/** A socket in a folder that exists. */
export function socketPath(folder: string, name: string): SocketPath {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { path, release: () => undefined };
  const descriptor = openSync(folder, "r");
  const short = `/proc/${String(process.pid)}/fd/${String(descriptor)}/${name}`;
  return { path: short, release: () => closeSync(descriptor) };
}
