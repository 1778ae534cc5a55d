import { AsyncLocalStorage } from "node:async_hooks";

/** What a task's process holds, which the system takes from it when it is killed. */
class Holdings {
  readonly #release = new Set<() => void>();

  /** @returns what to wait for besides the work: it ends when the process is killed. */
  add(): { killed: Promise<void>; done: () => void } {
    const { promise, resolve } = open();
    this.#release.add(resolve);
    return { killed: promise, done: () => this.#release.delete(resolve) };
  }

  releaseAll(): void {
    for (const release of this.#release) release();
  }
}

/** A promise that is resolved from outside. */
function open(): { promise: Promise<void>; resolve: () => void } {
  const parts: { resolve?: () => void } = {};
  const promise = new Promise<void>((resolve) => (parts.resolve = resolve));
  return { promise, resolve: () => parts.resolve?.() };
}

const holder = new AsyncLocalStorage<Holdings>();

/** Runs a task's work as a process of its own: killed, it holds no lock any more, although its work never ends. */
export function asProcess<Result>(work: (kill: () => void) => Result): Result {
  const holdings = new Holdings();
  return holder.run(holdings, () => work(() => holdings.releaseAll()));
}

/** Locks by name: one holder at a time, first come, first served. */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>();

  isHeld(name: string): boolean {
    return this.#tails.has(name);
  }

  /** Runs the work when all earlier holders are done. */
  async exclusive<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
    const result = (this.#tails.get(name) ?? Promise.resolve()).then(work);
    const held = holder.getStore()?.add();
    const ended = result.then(
      () => undefined,
      () => undefined,
    );
    const tail: Promise<void> = (held === undefined ? ended : Promise.race([ended, held.killed])).then(() => {
      held?.done();
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    this.#tails.set(name, tail);
    return result;
  }
}
