import { type StateAccess, sha256Of } from "./state-access";
import { NoSuchObject } from "../../../clients/object-store/object-store";
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

/** Something is no longer what the plan was made with. */
export function changed(what: string): CommandError {
  return new CommandError(`${what} changed since the plan was made`, {
    exitCode: exitCodes.refused,
    hint: "look at the new plan: the same command with --dry-run",
  });
}
