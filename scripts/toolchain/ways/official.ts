import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { DownloadError, downloadFile, probe, type DownloadLimits } from "../download";
import type { Part, Release } from "../parts/part";
import { ProcessError, runProcess } from "../processes";
import { checkVersion } from "./version-check";
import { WayClosed, type Finished, type Workshop } from "./way";

/** In `auto` a host that is silent for 3 s is left alone: in a closed network nothing ever answers. */
const answerMilliseconds = { auto: 3_000, official: 30_000, build: 0 };
const stallMilliseconds = 30_000;

/** One run's downloads: an archive with several parts is fetched once, a host that did not answer is asked once. */
export class OfficialDownloads {
  private readonly silentHosts = new Set<string>();

  constructor(private readonly workshop: Workshop) {}

  /**
   * The program of a part from its published archive, or the mirror's.
   *
   * @throws WayClosed if it cannot be had from there, or is not what is pinned.
   */
  async fetch(part: Part): Promise<Finished> {
    const release = part.official?.(this.workshop.platform);
    if (!release) {
      throw new WayClosed("nobody publishes it");
    }
    const address = `${this.workshop.settings.mirror ?? release.folder}/${release.archive}`;
    const { host } = new URL(address);
    if (this.silentHosts.has(host)) {
      throw new WayClosed(`${host} did not answer before`);
    }
    try {
      const sum = await this.pinnedSum(part, release, address);
      const archive = await this.fetchArchive(part, release, address, sum);
      const program = await this.unpack(archive, release.member);
      await checkVersion(part, program);
      return { program, source: address, sum };
    } catch (error) {
      if (error instanceof DownloadError && error.failure === "unreachable") {
        this.silentHosts.add(host);
      }
      throw error instanceof DownloadError || error instanceof ProcessError ? new WayClosed(error.message) : error;
    }
  }

  /** A sum that lies beside an archive proves nothing: whoever changes the one changes the other. */
  private async pinnedSum(part: Part, { archive }: Release, address: string): Promise<string> {
    const sum = this.workshop.sums.of(archive);
    if (sum !== undefined) {
      return sum;
    }
    this.workshop.progress.begin(`${part.name} ${part.version}: asking ${new URL(address).host}`);
    await probe(address, this.limits);
    throw new WayClosed(
      `the SHA-256 of ${archive} is not pinned; npm run -s toolchain -- --pin prints the line for scripts/toolchain/sums.sha256`,
      true,
    );
  }

  private async fetchArchive(part: Part, release: Release, address: string, sum: string): Promise<string> {
    const file = path.join(this.workshop.workFolder, release.archive);
    // It stands there under its name only after its sum was right.
    if (existsSync(file)) {
      return file;
    }
    const { progress } = this.workshop;
    progress.begin(`${part.name} ${part.version}: downloading from ${new URL(address).host}`);
    await retryOnce(() => downloadFile(address, file, sum, this.limits, (text) => progress.update(text)));
    return file;
  }

  private async unpack(archive: string, member: string): Promise<string> {
    const folder = path.join(this.workshop.workFolder, "unpacked", path.basename(archive));
    mkdirSync(folder, { recursive: true });
    await runProcess("tar", ["-xzf", archive, "-C", folder, member], this.processOptions(folder));
    return path.join(folder, member);
  }

  private processOptions(folder: string) {
    return { folder, environment: this.workshop.environment, noteIn: this.workshop.workFolder };
  }

  private get limits(): DownloadLimits {
    return { answerMilliseconds: answerMilliseconds[this.workshop.settings.mode], stallMilliseconds };
  }
}

/** A transfer that broke off is tried a second time; a file that is not there or not right is not. */
async function retryOnce<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof DownloadError && error.failure === "cut off") {
      return action();
    }
    throw error;
  }
}
