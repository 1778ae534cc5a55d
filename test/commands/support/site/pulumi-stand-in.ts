import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/** A script in the place of `pulumi`, which the command line finds first; it writes down what it is asked. */
export class PulumiStandIn {
  private readonly programs: string;
  private readonly log: string;

  /** @param folder of the site. @param script what runs as `pulumi`. */
  constructor(folder: string, script: string) {
    this.programs = join(folder, "bin");
    this.log = join(folder, "pulumi.log");
    mkdirSync(this.programs, { recursive: true });
    symlinkSync(script, join(this.programs, "pulumi"));
  }

  /** With which the command line finds it. */
  get variables(): Record<string, string> {
    const PATH = `${this.programs}:${dirname(process.execPath)}:/usr/bin:/bin`;
    return { PATH, TEST_PULUMI_LOG: this.log };
  }

  /** Commands that it was given since the last call. */
  runs(): string[] {
    const lines = existsSync(this.log) ? readFileSync(this.log, "utf8").trim().split("\n") : [];
    rmSync(this.log, { force: true });
    return lines;
  }
}
