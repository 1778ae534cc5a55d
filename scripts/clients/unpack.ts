import { spawn } from "node:child_process";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { plainText } from "../../proxmox/api/plain-text";
import { codeOf } from "../../proxmox/api/trust";
import { compressionOf } from "../../site/state/state-keys";
import { formatBytes } from "../terminal/durations";
import { toolEnvironment } from "./child-environment";
import { ProgramMissing } from "./run-program";

/** Content that is cut off or damaged. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/** Bytes of the longest text: a state of thousands of guests has a tenth of it. What is longer was packed to fill the memory. */
const longestText = 256 * 1024 * 1024;

/**
 * The text of an object that Pulumi may have packed: gzip here, zstd with the system's `zstd`, since Node 20 has none. No more than
 * the limit is unpacked.
 *
 * @throws Damaged, ProgramMissing
 */
export async function unpack(content: Buffer, limit = longestText): Promise<string> {
  return (await unpackBytes(content, limit)).toString("utf8");
}

/** The same of what is no text. @throws Damaged, ProgramMissing */
export async function unpackBytes(content: Buffer, limit = longestText): Promise<Buffer> {
  switch (compressionOf(content)) {
    case "none":
      if (content.length > limit) throw tooLong(limit);
      return content;
    case "gzip":
      return unzip(content, limit);
    case "zstd":
      return throughProgram("zstd", ["-dcq"], content, limit);
  }
}

function tooLong(limit: number): Damaged {
  return new Damaged(`it is longer than ${formatBytes(limit)} unpacked, which it never is`);
}

async function unzip(content: Buffer, limit: number): Promise<Buffer> {
  try {
    return await promisify(gunzip)(content, { maxOutputLength: limit });
  } catch (error) {
    if (codeOf(error) === "") throw error;
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") throw tooLong(limit);
    throw new Damaged("it is cut off or damaged (gzip)");
  }
}

async function throughProgram(program: string, argv: readonly string[], input: Buffer, limit: number): Promise<Buffer> {
  const child = spawn(program, argv, { env: toolEnvironment(process.env), stdio: ["pipe", "pipe", "pipe"] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  let length = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= limit) output.push(chunk);
    else child.kill("SIGKILL");
  });
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  // It may end before it has read everything: its exit code says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (length > limit) throw tooLong(limit);
    if (code === 0) return Buffer.concat(output);
    throw new Damaged(`it is cut off or damaged (${plainText(Buffer.concat(errors).toString("utf8")) || program})`);
  } catch (error) {
    throw codeOf(error) === "ENOENT" ? new ProgramMissing(program) : error;
  }
}
