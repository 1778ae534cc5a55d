import { spawn } from "node:child_process";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { plainText } from "../../proxmox/api/plain-text";
import { codeOf } from "../../proxmox/api/trust";
import { compressionOf } from "../../site/state/state-keys";
import { toolEnvironment } from "./child-environment";
import { ProgramMissing } from "./run-program";

/** Content that is cut off or damaged. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/**
 * The text of an object that Pulumi may have packed: gzip here, zstd with the system's `zstd`, since Node 20 has none.
 *
 * @throws Damaged, ProgramMissing
 */
export async function unpack(content: Buffer): Promise<string> {
  switch (compressionOf(content)) {
    case "none":
      return content.toString("utf8");
    case "gzip":
      return unzip(content);
    case "zstd":
      return throughProgram("zstd", ["-dcq"], content);
  }
}

async function unzip(content: Buffer): Promise<string> {
  try {
    return (await promisify(gunzip)(content)).toString("utf8");
  } catch (error) {
    if (codeOf(error) === "") throw error;
    throw new Damaged("it is cut off or damaged (gzip)");
  }
}

async function throughProgram(program: string, argv: readonly string[], input: Buffer): Promise<string> {
  const child = spawn(program, argv, { env: toolEnvironment(process.env), stdio: ["pipe", "pipe", "pipe"] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  // It may end before it has read everything: its exit code says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code === 0) return Buffer.concat(output).toString("utf8");
    throw new Damaged(`it is cut off or damaged (${plainText(Buffer.concat(errors).toString("utf8")) || program})`);
  } catch (error) {
    throw codeOf(error) === "ENOENT" ? new ProgramMissing(program) : error;
  }
}
