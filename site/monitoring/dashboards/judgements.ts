import { ruleDefaults } from "../rules/options";
import type { Step, Words } from "./parts";

/** A number of things that should not be. */
export const problems: readonly Step[] = [
  { from: 0, colour: "green" },
  { from: 1, colour: "red" },
];

/** A share of what is allowed. */
export const shareOfAllowed: readonly Step[] = [
  { from: 0, colour: "green" },
  { from: 1, colour: "red" },
];

/** Instead of a count of 0, and of a share without end. */
export const noneOfThem: Words = { 0: { text: "none", colour: "green" } };
export const neverBefore: Words = { Infinity: { text: "never", colour: "red" } };

export const success: Words = { 1: { text: "ok", colour: "green" }, 0: { text: "failed", colour: "red" } };
export const failure: Words = { 0: { text: "ok", colour: "green" }, 1: { text: "failed", colour: "red" } };
export const yes: Words = { 1: { text: "yes", colour: "green" }, 0: { text: "no", colour: "red" } };
export const fallback: Words = { 0: { text: "no", colour: "green" }, 1: { text: "in force", colour: "red" } };
export const expected: Words = { 1: { text: "yes" }, 0: { text: "left out" } };

export const successSteps: readonly Step[] = [
  { from: 0, colour: "red" },
  { from: 1, colour: "green" },
];

/** Shares of a storage from which on it is called almost full. */
export const storageSteps: readonly Step[] = [
  { from: 0, colour: "green" },
  { from: ruleDefaults.storageShare, colour: "red" },
];

/** Seconds without a look after which the exporter is called silent. */
export const lookSteps: readonly Step[] = [
  { from: 0, colour: "green" },
  { from: ruleDefaults.lookAge, colour: "red" },
];

/** Seconds to the end of a certificate. */
export const certificateSteps: readonly Step[] = [
  { from: -1e9, colour: "red" },
  { from: 0, colour: "orange" },
  { from: ruleDefaults.certificate, colour: "green" },
];

/** Seconds to the end of an opt-out: afterwards the guest counts as not covered. */
export const optOutSteps: readonly Step[] = [
  { from: -1e9, colour: "red" },
  { from: 0, colour: "orange" },
  { from: ruleDefaults.optOut, colour: "green" },
];
