import type { Journal } from "./journal";
import type { Facts } from "./step";

/** What a step that is taken back leaves in its place on purpose, because it may still be needed. @param text a sentence */
export function keptFact(text: string): Facts {
  return { kept: text };
}

/** What the steps of an operation have kept when they were taken back, one sentence each. */
export function keptBy({ contents: { steps } }: Journal): string[] {
  return Object.values(steps).flatMap(({ facts: { kept } }) => (typeof kept === "string" ? [kept] : []));
}
