import { flagOf, type Demand } from "../engine/consent";
import { failureOf } from "../../clients/failure";
import type { Lines } from "../../terminal/talk";
import { plainLines } from "../../../proxmox/api/plain-text";
import type { Step } from "../engine/step";
import { forceFlag } from "../engine/settle-demands";
import type { SitePlan } from "./make-plan";
import { isIdle, type UpPlan } from "./plan";

/** A plan for people and scripts. */
export interface UpView {
  readonly environments: readonly {
    readonly environment: string;
    readonly place: UpPlan["place"];
    readonly backend: string;
    readonly changes: Readonly<Record<string, number>> | null;
    readonly steps: readonly string[];
  }[];
  readonly blocked: readonly { readonly environment: string; readonly reason: string; readonly hint: string | null }[];
  readonly flags: readonly string[];
}

export function viewOf({ plans, blocked }: SitePlan, stepsOf: (plan: UpPlan) => readonly Step[]): UpView {
  return {
    environments: plans.map((plan) => ({
      environment: plan.environment,
      place: plan.place,
      backend: backendText(plan.url),
      changes: plan.changes ?? null,
      steps: stepsOf(plan).map(({ does }) => does),
    })),
    blocked: blocked.map(({ environment, error }) => {
      const { message, hint } = failureOf(error, undefined);
      return { environment, reason: message, hint: hint ?? null };
    }),
    flags: demandsOf(plans).map(flagOf),
  };
}

/** The plan's one question. */
export function demandsOf(plans: readonly UpPlan[]): Demand[] {
  const names = plans.filter((plan) => !isIdle(plan)).map(({ environment }) => environment);
  if (names.length === 0) return [];
  return [{ flag: forceFlag, reason: "the plan is not confirmed", question: `Bring up ${names.join(", ")}?` }];
}

const places: Readonly<Record<UpPlan["place"], string>> = {
  store: "its state is in the state store at the end",
  here: "its state stays on this machine",
  named: "its state stays in the backend that you have named",
};

export function printPlan({ environments, blocked, flags }: UpView, lines: Lines): void {
  lines.heading("Plan: bring up the environments of the site");
  for (const { environment, place, steps } of environments) {
    if (steps.length === 0) {
      lines.line(`  ${environment}: nothing to do`);
      continue;
    }
    lines.line(`  ${environment}: ${places[place]}`);
    for (const step of steps) lines.hanging("    - ", step);
  }
  for (const { environment, reason, hint } of blocked) {
    lines.line(`  ${environment}: cannot be brought up`);
    lines.text(plainLines(reason), "      ");
    if (hint !== null) lines.hanging("      HINT: ", hint);
  }
  if (flags.length > 0) lines.hanging("Flags that answer all questions: ", flags.join(" "));
}

/** Without parameters that tell people nothing. */
function backendText(url: string): string {
  return url.split("&", 1)[0] ?? url;
}
