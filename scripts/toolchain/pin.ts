import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DownloadError, downloadText, fetchFile, findSum } from "./download";
import type { Part, Platform, Release } from "./parts/part";
import { hashOfFile } from "./pins";
import type { StepLine } from "./progress";
import type { ToolchainSettings } from "./settings";
import type { Sums } from "./sums";

const limits = { answerMilliseconds: 30_000, stallMilliseconds: 30_000 };

interface Place {
  readonly settings: ToolchainSettings;
  readonly platform: Platform;
  readonly sums: Sums;
  readonly progress: StepLine;
}

/**
 * Lines for the file of sums, one for each archive of this platform that has none, from what can be downloaded here. Whoever
 * adds them compares them first: they are no more than what this network gave.
 *
 * @throws DownloadError also where an archive is not what its release says.
 */
export async function linesToPin(parts: readonly Part[], place: Place): Promise<string[]> {
  const releases = new Map(
    parts.flatMap((part): [string, Release][] => {
      const release = part.official?.(place.platform);
      return release === undefined || place.sums.of(release.archive) !== undefined ? [] : [[release.archive, release]];
    }),
  );
  const lines: string[] = [];
  for (const release of releases.values()) {
    lines.push(`${await sumOf(release, place)}  ${release.archive}`);
  }
  return lines;
}

async function sumOf(release: Release, { settings, progress }: Place): Promise<string> {
  const address = `${settings.mirror ?? release.folder}/${release.archive}`;
  const folder = mkdtempSync(path.join(tmpdir(), "lifeboat-pin-"));
  try {
    const file = path.join(folder, "archive");
    progress.begin(`downloading ${address}`);
    await fetchFile(address, file, limits, (text) => progress.update(text));
    const sum = hashOfFile(file);
    const published = await publishedSum(`${settings.mirror ?? release.folder}/${release.checksums}`, release.archive);
    if (published !== undefined && published !== sum) {
      throw new DownloadError("wrong sum", `${address} has the SHA-256 ${sum}, and its release says ${published}`);
    }
    return sum;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined where the release has no such file: only a sum that differs says something. */
async function publishedSum(address: string, archive: string): Promise<string | undefined> {
  try {
    return findSum(await downloadText(address, limits), archive);
  } catch (error) {
    if (error instanceof DownloadError && error.failure === "not found") {
      return undefined;
    }
    throw error;
  }
}
