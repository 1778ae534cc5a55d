import { readFileSync } from "node:fs";
import path from "node:path";
import { findSum } from "./download";
import { codeOf } from "./errors";
import { SettingsError, type ToolchainSettings } from "./settings";

/** The pins of downloads, beside this file. */
const pinnedFile = path.join(__dirname, "sums.sha256");

/** SHA-256 of archives, known before they are downloaded. */
export class Sums {
  private constructor(private readonly texts: readonly string[]) {}

  /**
   * Those of the repository, and those of the site's own file for what it does not list.
   *
   * @throws SettingsError when the file cannot be read.
   */
  static read({ sumsFile }: Pick<ToolchainSettings, "sumsFile">): Sums {
    const pinned = readFileSync(pinnedFile, "utf8");
    return new Sums(sumsFile === undefined ? [pinned] : [pinned, readOwn(sumsFile)]);
  }

  /** The sum of an archive by its file name; undefined where nobody has pinned it. */
  of(archive: string): string | undefined {
    for (const text of this.texts) {
      const sum = findSum(text, archive);
      if (sum !== undefined) {
        return sum;
      }
    }
    return undefined;
  }
}

function readOwn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SettingsError(`LIFEBOAT_TOOLCHAIN_SUMS is ${file}, which cannot be read: ${codeOf(error) ?? "unknown"}`);
  }
}
