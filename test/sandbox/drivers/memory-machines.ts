import { mkdir, open, readFile, rename, stat, truncate, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { run } from "../machine/child-process";
import { MemoryFiles } from "./memory-files";
import { MemoryCommands } from "./memory-commands";
import type { Image, MachineCard, MachineId, Machines, MachineSpec, SeedFiles } from "./machines";

/**
 * Virtual machines without a process: disks are sparse files with the bytes that a guest would see, whatever their format is
 * called, and a machine runs because the emulator's record says so. The agent of one answers as that of a guest at rest.
 */
export class MemoryMachines implements Machines {
  readonly #frozen = new Set<string>();
  readonly #files = new MemoryFiles();
  readonly #commands = new MemoryCommands();

  async createImage({ path }: Image, size: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "wx", 0o640);
    await file.truncate(size);
    await file.close();
  }

  async growImage({ path }: Image, size: number): Promise<void> {
    await truncate(path, size);
  }

  /** An image that is larger than what is copied into it keeps its size, with zeros at the end. */
  async copyImage(from: Image, to: Image): Promise<void> {
    await mkdir(dirname(to.path), { recursive: true });
    const size = (await stat(to.path).catch(() => undefined))?.size ?? 0;
    await copySparse(from.path, to.path);
    if (size > (await stat(to.path)).size) await truncate(to.path, size);
  }

  async imageSize({ path }: Image): Promise<number> {
    return (await stat(path)).size;
  }

  /** The three texts one after the other, at the beginning: nobody reads them but a person. */
  async writeSeed({ path }: Image, files: SeedFiles): Promise<void> {
    const { size } = await stat(path);
    await writeFile(path, [files.metaData, files.userData, files.networkConfig].join("\n---\n"));
    await truncate(path, size);
  }

  async start(machine: MachineSpec): Promise<void> {
    this.#frozen.delete(place(machine));
  }

  async stop(machine: MachineId): Promise<void> {
    this.#frozen.delete(place(machine));
  }

  async shutdown(): Promise<boolean> {
    return true;
  }

  async reset(machine: MachineId): Promise<void> {
    this.#frozen.delete(place(machine));
  }

  async monitor(_machine: MachineId, line: string): Promise<string> {
    const [, key = ""] = /^sendkey (\S+)$/u.exec(line) ?? [];
    const unknown = key
      .split("-")
      .find(
        (one) =>
          !/^(?:[a-z0-9]|f\d\d?|ctrl|alt|shift|ret|esc|tab|spc|delete|backspace|up|down|left|right|meta_l)$/u.test(one),
      );
    return unknown === undefined ? "" : `invalid parameter: ${unknown}\r\n`;
  }

  async pause(): Promise<void> {}

  async resume(): Promise<void> {}

  async saveMemory(_machine: MachineId, file: string): Promise<void> {
    await writeFile(`${file}.new`, "");
    await rename(`${file}.new`, file);
  }

  async isRunning(): Promise<undefined> {
    return undefined;
  }

  async processId(): Promise<undefined> {
    return undefined;
  }

  async agent(
    machine: MachineSpec,
    command: string,
    parameters: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> {
    const key = place(machine);
    switch (command) {
      case "guest-fsfreeze-status":
        return this.#frozen.has(key) ? "frozen" : "thawed";
      case "guest-fsfreeze-freeze":
        this.#frozen.add(key);
        return machine.drives.filter(({ isDisc }) => !isDisc).length;
      case "guest-fsfreeze-thaw":
        this.#frozen.delete(key);
        return machine.drives.filter(({ isDisc }) => !isDisc).length;
      case "guest-network-get-interfaces":
        return [LOOPBACK, ...machine.cards.map(networkInterface)];
      case "guest-exec":
        return this.#commands.execute(key, parameters);
      case "guest-exec-status":
        return this.#commands.status(key, parameters);
      case "guest-file-open":
        return this.#files.open(key, parameters, machine.name);
      case "guest-file-read":
        return this.#files.read(parameters);
      case "guest-file-write":
        return this.#files.write(parameters);
      case "guest-file-seek":
        return this.#files.seek(parameters);
      case "guest-file-close":
        return this.#files.close(parameters);
      case "guest-set-user-password":
        return {};
      case "guest-get-host-name":
        return { "host-name": machine.name };
      case "guest-ping":
      case "guest-sync":
        return {};
      default:
        throw new Error(`The command ${command} has not been found`);
    }
  }
}

/** Bytes that are copied by a program of its own, which passes over holes without reading them. */
const LARGE = 16 * 1024 ** 2;
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/** A copy in which zeros take no room, as `cp --sparse=always` makes one. */
async function copySparse(from: string, to: string): Promise<void> {
  const { size, mode, blocks } = await stat(from);
  if (size > LARGE && blocks > 0) {
    await run("cp", ["--sparse=always", "--no-target-directory", from, to]);
    return;
  }
  const file = await open(to, "w", mode & 0o777);
  try {
    await file.truncate(size);
    const data = blocks > 0 ? await readFile(from) : ZEROS.subarray(0, 0);
    for (let offset = 0; offset < data.length; offset += BLOCK) {
      const block = data.subarray(offset, offset + BLOCK);
      if (!block.equals(ZEROS.subarray(0, block.length))) await file.write(block, 0, block.length, offset);
    }
  } finally {
    await file.close();
  }
}

const LOOPBACK = {
  name: "lo",
  "hardware-address": "00:00:00:00:00:00",
  "ip-addresses": [
    { "ip-address": "127.0.0.1", "ip-address-type": "ipv4", prefix: 8 },
    { "ip-address": "::1", "ip-address-type": "ipv6", prefix: 128 },
  ],
};

function networkInterface({ number, hardwareAddress, addresses, linkDown }: MachineCard): object {
  return {
    name: `eth${number}`,
    "hardware-address": hardwareAddress.toLowerCase(),
    "ip-addresses": linkDown ? [] : addresses.map(ipAddress),
  };
}

function ipAddress(text: string): object {
  const [address = "", prefix] = text.split("/");
  return { "ip-address": address, "ip-address-type": address.includes(":") ? "ipv6" : "ipv4", prefix: Number(prefix) };
}

function place({ node, vmid }: MachineId): string {
  return `${node}/${vmid}`;
}
