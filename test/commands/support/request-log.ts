import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

export interface LoggedRequest {
  readonly node: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** HTTP status of the answer. */
  readonly status: number;
}

/** What the emulator's nodes were asked so far. A test asks for it again and again, so only what is new is read. */
export class RequestLog {
  private readonly known: LoggedRequest[] = [];
  private position = 0;
  private rest = "";

  /** @param path the emulator's `requests.ndjson` */
  constructor(private readonly path: string) {}

  /** In order. */
  all(): readonly LoggedRequest[] {
    const lines = (this.rest + this.readOn()).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.known.push(JSON.parse(line));
    return this.known;
  }

  private readOn(): string {
    if (!existsSync(this.path)) return "";
    const file = openSync(this.path, "r");
    try {
      const chunk = Buffer.alloc(Math.max(0, fstatSync(file).size - this.position));
      this.position += readSync(file, chunk, 0, chunk.length, this.position);
      return chunk.toString("utf8");
    } finally {
      closeSync(file);
    }
  }
}
