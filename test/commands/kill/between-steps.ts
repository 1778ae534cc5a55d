import type { FileWrite } from "../support/kit";

interface Written {
  readonly id?: string;
  readonly steps?: Readonly<
    Record<string, { readonly state: string; readonly facts: Readonly<Record<string, unknown>> }>
  >;
}

/** Writes after which a step is done, and those in the middle of the long ones, when their `pulumi` runs. */
export function betweenSteps(writes: readonly FileWrite[], long: readonly string[]): number[] {
  const known = new Set<string>();
  return writes
    .filter(({ moment }) => moment === "after")
    .flatMap(({ number, text }) => {
      const fresh = marksOf(JSON.parse(text), long).filter((mark) => !known.has(mark));
      for (const mark of fresh) known.add(mark);
      return fresh.length === 0 ? [] : [number];
    });
}

function marksOf({ id = "", steps = {} }: Written, long: readonly string[]): string[] {
  return Object.entries(steps).flatMap(([step, { state, facts }]) => {
    if (state === "done") return [`${id} ${step}`];
    return facts["pulumi"] !== undefined && long.includes(step) ? [`${id} ${step} runs`] : [];
  });
}
