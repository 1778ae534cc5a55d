/** Locks by name: one holder at a time, first come, first served. */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>();

  isHeld(name: string): boolean {
    return this.#tails.has(name);
  }

  /** Runs the work when all earlier holders are done. */
  async exclusive<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
    const result = (this.#tails.get(name) ?? Promise.resolve()).then(work);
    const settled = (): void => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    };
    const tail: Promise<void> = result.then(settled, settled);
    this.#tails.set(name, tail);
    return result;
  }
}
