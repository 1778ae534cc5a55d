import { createHash } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** How a mirror on loopback answers for one file. */
export type Answer =
  | { readonly body: Buffer | string }
  /** Promises all of the body and closes after half of it. */
  | { readonly half: Buffer }
  /** Takes the request and never answers. */
  | { readonly silent: true }
  | { readonly status: number };

/** A mirror on loopback: what it has is changed by the test, everything else is not found. */
export class Mirror {
  readonly requests: string[] = [];
  readonly files = new Map<string, Answer>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer(this.handle);
  }

  static async start(): Promise<Mirror> {
    const mirror = new Mirror();
    await new Promise<void>((resolve) => mirror.server.listen(0, "127.0.0.1", resolve));
    return mirror;
  }

  get address(): string {
    const address = this.server.address();
    if (address === null || typeof address === "string") {
      throw new Error("the mirror does not listen");
    }
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private readonly handle: RequestListener = (request, response) => {
    const name = (request.url ?? "").slice(1);
    this.requests.push(name);
    const answer = this.files.get(name) ?? { status: 404 };
    if ("body" in answer) {
      response.end(answer.body);
    } else if ("half" in answer) {
      response.writeHead(200, { "content-length": answer.half.length });
      response.write(answer.half.subarray(0, Math.floor(answer.half.length / 2)), () => response.destroy());
    } else if ("status" in answer) {
      response.writeHead(answer.status).end();
    }
  };
}

export function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A gzipped tar archive with one executable shell script. */
export function archiveOf(member: string, script: string): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), "lifeboat-archive-"));
  try {
    mkdirSync(path.join(folder, path.dirname(member)), { recursive: true });
    writeFileSync(path.join(folder, member), script, { mode: 0o755 });
    execFileSync("tar", ["-czf", "archive.tar.gz", member], { cwd: folder });
    return readFileSync(path.join(folder, "archive.tar.gz"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
