import type { Update } from "../../terminal/progress";

/** Names that a line can hold. */
const shown = 3;

/** Tells what is still looked at, so that one knows whom the rest waits for. */
export class Waiting {
  private readonly names: string[] = [];
  private done = 0;

  constructor(private readonly update: Update) {}

  async during<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.names.push(name);
    this.tell();
    try {
      return await work();
    } finally {
      this.names.splice(this.names.indexOf(name), 1);
      this.done += 1;
      this.tell();
    }
  }

  private tell(): void {
    const more = this.names.length - shown;
    const names = this.names.slice(0, shown).join(", ") + (more > 0 ? ` and ${String(more)} more` : "");
    this.update(`${String(this.done)} done${names === "" ? "" : `; waiting for ${names}`}`);
  }
}
