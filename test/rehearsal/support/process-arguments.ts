import { readdirSync, readFileSync } from "node:fs";

/** Watches the arguments of every process on this machine, as anybody on it can. */
export class ArgumentWatch {
  private readonly seen = new Set<string>();
  private readonly timer = setInterval(() => this.look(), 20);

  /** Ends the watch. @returns every command line that was seen, its words separated by blanks */
  stop(): string[] {
    clearInterval(this.timer);
    return [...this.seen];
  }

  private look(): void {
    for (const entry of readdirSync("/proc")) if (/^\d+$/.test(entry)) this.read(entry);
  }

  private read(processId: string): void {
    try {
      const words = readFileSync(`/proc/${processId}/cmdline`, "utf8");
      if (words !== "") this.seen.add(words.replaceAll("\0", " "));
    } catch {
      // It has ended between the two looks.
    }
  }
}
