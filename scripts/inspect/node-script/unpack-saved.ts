import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { isNodeFile, type NodeFiles, userFile } from "../../../site/replaced-node/wanted-node";
import { decrypted, readIdentities } from "../../clients/data-program/age-identity";
import { filesOfTar } from "../../clients/read-tar";
import { Damaged, unpackBytes } from "../../clients/unpack";
import { hasCode, messageOf } from "../../machine/error-code";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/** Bytes of an archive of a node's configuration, unpacked: real ones have a hundredth of it. */
const largest = 64 * 1024 * 1024;

const ageHead = "age-encryption.org/v1";

/**
 * The files of a saved configuration, from a tar archive as its source dumps it: as it is, or packed by zstd.
 *
 * @param what for messages
 * @throws CommandError (1) for a damaged one, and for one of something else
 */
export async function unpackSaved(content: Buffer, what: string): Promise<NodeFiles> {
  try {
    return requireUsers(filesOfTar(await unpackBytes(content, largest), isNodeFile), what);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    throw new CommandError(`${what} cannot be read: ${error.message}`, { exitCode: exitCodes.failed });
  }
}

/**
 * The same from a file on this machine, which may be encrypted for an identity of age, or from the folder that somebody has unpacked it into.
 *
 * @param identity the file with the identity; undefined: none is named
 * @throws CommandError (1, 2, 12)
 */
export async function readSaved(path: string, identity: string | undefined): Promise<NodeFiles> {
  try {
    const found = lstatSync(path);
    if (found.isDirectory()) return requireUsers(filesBelow(path), path);
    if (found.size > largest)
      throw new CommandError(`${path} is larger than any such file`, { exitCode: exitCodes.failed });
    return await unpackSaved(await opened(readFileSync(path), path, identity), path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw usageError(`there is no file ${path}`, "--from offsite, or a file or folder");
    if (error instanceof CommandError || !(error instanceof Error) || !("code" in error)) throw error;
    throw new CommandError(`${path} cannot be read: ${messageOf(error)}`, { exitCode: exitCodes.failed });
  }
}

async function opened(content: Buffer, path: string, identity: string | undefined): Promise<Buffer> {
  if (content.subarray(0, ageHead.length).toString("latin1") !== ageHead) return content;
  if (identity === undefined) {
    throw new CommandError(`${path} is encrypted, and no identity is named`, {
      exitCode: exitCodes.passphrase,
      hint: "name the file with the age identity, which stays on this machine: --identity FILE or LIFEBOAT_AGE_IDENTITY_FILE",
    });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of await decrypted(Readable.from([content]), readIdentities(identity))) {
    if (chunk instanceof Uint8Array) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Plain files only: a link could lead to files of this machine. */
function filesBelow(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  const open = ["etc"];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of readdirSync(join(folder, next), { withFileTypes: true })) {
      const path = `${next}/${entry.name}`;
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile() && isNodeFile(path)) files.set(path, readFileSync(join(folder, path), "utf8"));
    }
  }
  return files;
}

/** @throws CommandError (1) */
function requireUsers(files: NodeFiles, what: string): NodeFiles {
  if (files.has(userFile)) return files;
  throw new CommandError(`${what} is no saved configuration of a node: it has no ${userFile}`, {
    exitCode: exitCodes.failed,
    hint: "how one is made: docs/guides/node-configuration.md",
  });
}
