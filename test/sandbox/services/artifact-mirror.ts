/**
 * A web server for the files of one folder, as a site has one for what its guests install:
 *
 *     node scripts/run.cjs test/sandbox/services/artifact-mirror.ts --folder FOLDER --listen ADDRESS:PORT
 *
 * Prints one line of JSON when it listens. Answers GET and HEAD for the names in the folder, and nothing else.
 */
import { createReadStream, readdirSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";

function main(): void {
  const { values } = parseArgs({ options: { folder: { type: "string" }, listen: { type: "string" } } });
  const [, address, port] = /^(.+):(\d+)$/.exec(values.listen ?? "") ?? [];
  const { folder } = values;
  if (folder === undefined || address === undefined) throw new Error("--folder and --listen ADDRESS:PORT are needed");
  const server = createServer((request, response) => {
    answer(folder, request, response).catch((failure: unknown) => response.destroy(asError(failure)));
  });
  server.listen(Number(port), address, () => console.log(JSON.stringify(server.address())));
}

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") return end(response, 405, "only GET and HEAD\n");
  const name = decodeURIComponent(new URL(request.url ?? "/", "http://mirror").pathname).slice(1);
  // The name is looked up, never joined to a path before it is known.
  if (!readdirSync(folder).includes(name)) return end(response, 404, `there is no ${name}\n`);
  const file = join(folder, name);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": statSync(file).size });
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(file), response);
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure));
}

main();
