import { type StateAccess, sha256Of } from "./state-access";
import { NoSuchObject, UnreadableObject } from "../../../clients/object-store/object-store";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";

/** Digest of an object; undefined where there is none. */
export async function digestIn({ store }: StateAccess, key: string, versionId?: string): Promise<string | undefined> {
  try {
    return sha256Of(await store.read(key, versionId));
  } catch (error) {
    if (error instanceof NoSuchObject) return undefined;
    throw error;
  }
}

/** The same; undefined also where it cannot be read. */
export async function readableDigest(
  access: StateAccess,
  key: string,
  versionId?: string,
): Promise<string | undefined> {
  try {
    return await digestIn(access, key, versionId);
  } catch (error) {
    if (error instanceof UnreadableObject) return undefined;
    throw error;
  }
}

/** False for an object that is there and cannot be read. */
export async function isReadable(access: StateAccess, key: string): Promise<boolean> {
  try {
    await access.store.read(key);
    return true;
  } catch (error) {
    if (error instanceof UnreadableObject) return false;
    if (error instanceof NoSuchObject) return true;
    throw error;
  }
}

/** Something is no longer what the plan was made with. */
export function changed(what: string): CommandError {
  return new CommandError(`${what} changed since the plan was made`, {
    exitCode: exitCodes.refused,
    hint: "look at the new plan: the same command with --dry-run",
  });
}
