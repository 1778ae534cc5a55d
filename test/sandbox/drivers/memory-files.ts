/** A file that a guest at rest has open for the agent. */
interface Opened {
  readonly key: string;
  place: number;
}

/** Most bytes that the agent gives at once unless told otherwise. */
const CHUNK = 4096;

/** The files of guests at rest: those that the agent was told to write, and the name of the host. */
export class MemoryFiles {
  readonly #files = new Map<string, Buffer>();
  readonly #opened = new Map<number, Opened>();
  #last = 1000;

  /** As `guest-file-open`. @param hostName what `/etc/hostname` says */
  open(place: string, { path, mode = "r" }: Readonly<Record<string, unknown>>, hostName: string): number {
    const key = `${place} ${String(path)}`;
    if (path === "/etc/hostname" && !this.#files.has(key)) this.#files.set(key, Buffer.from(`${hostName}\n`));
    if (String(mode).startsWith("w")) this.#files.set(key, Buffer.alloc(0));
    else if (!this.#files.has(key)) {
      throw new Error(`failed to open file '${String(path)}' (mode: '${String(mode)}'): No such file or directory`);
    }
    this.#last += 1;
    this.#opened.set(this.#last, { key, place: 0 });
    return this.#last;
  }

  /** As `guest-file-read`. */
  read({ handle, count = CHUNK }: Readonly<Record<string, unknown>>): object {
    const file = this.#find(handle);
    const data = this.#files.get(file.key) ?? Buffer.alloc(0);
    const part = data.subarray(file.place, file.place + Number(count));
    file.place += part.length;
    return { count: part.length, "buf-b64": part.toString("base64"), eof: part.length < Number(count) };
  }

  /** As `guest-file-write`. */
  write({ handle, "buf-b64": text }: Readonly<Record<string, unknown>>): object {
    const file = this.#find(handle);
    const data = Buffer.from(String(text), "base64");
    this.#files.set(file.key, Buffer.concat([this.#files.get(file.key) ?? Buffer.alloc(0), data]));
    return { count: data.length, eof: false };
  }

  /** As `guest-file-seek` from the beginning. */
  seek({ handle, offset }: Readonly<Record<string, unknown>>): object {
    const file = this.#find(handle);
    file.place = Number(offset);
    return { position: file.place, eof: false };
  }

  close({ handle }: Readonly<Record<string, unknown>>): object {
    this.#find(handle);
    this.#opened.delete(Number(handle));
    return {};
  }

  #find(handle: unknown): Opened {
    const file = this.#opened.get(Number(handle));
    if (file === undefined) throw new Error(`handle '${String(handle)}' has not been found`);
    return file;
  }
}
