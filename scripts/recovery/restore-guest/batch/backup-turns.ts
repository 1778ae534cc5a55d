/**
 * Turns to make a backup on a node. Proxmox runs one at a time there; a guest that was stopped for its save point would
 * stand still until another guest's is made.
 */
export class BackupTurns {
  private readonly tails = new Map<string, Promise<void>>();

  /** Waits for the node's turn. @returns the function that gives it back. */
  take(node: string): Promise<() => void> {
    const before = this.tails.get(node) ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      const mine = new Promise<void>((giveBack) => {
        before.then(() => resolve(giveBack)).catch(reject);
      });
      this.tails.set(
        node,
        before.then(() => mine),
      );
    });
  }
}

/** Holds the node's turn from the first step of a guest that stops it or backs it up until another kind of step begins. */
export class TurnHolder {
  private giveBack: (() => void) | undefined;

  constructor(
    private readonly turns: BackupTurns,
    private readonly node: string,
  ) {}

  /** To be called before each step. */
  async before(stepPath: string): Promise<void> {
    const needed = stepPath === "stop" || stepPath.startsWith("save-point/");
    if (needed) this.giveBack ??= await this.turns.take(this.node);
    else this.release();
  }

  /** To be called at the end, whatever it was. */
  release(): void {
    this.giveBack?.();
    this.giveBack = undefined;
  }
}
