import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../../proxmox/api/trust";
import { attributesSuffix } from "./folder-names";

/**
 * Removes what a killed `pulumi` has left torn beside its objects in a folder. Objects are replaced whole; what is noted beside them
 * is written in place (`setAttrs` of gocloud's fileblob), and an object beside which it is torn cannot be read any more: `failed to
 * load checkpoint: EOF`. Without any note it can. One that is written at this moment may be taken for torn: then it is missing, too.
 *
 * @param folder that the backend's URL names; need not exist
 * @throws Error where it cannot be looked at
 */
export function dropTornAttributes(folder: string): void {
  for (const path of attributesBelow(join(folder, ".pulumi"))) {
    if (isTorn(path)) rmSync(path, { force: true });
  }
}

function attributesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(attributesSuffix))
      .map((path) => join(folder, path));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function isTorn(path: string): boolean {
  const text = textOf(path);
  if (text === undefined) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
