import { isGuest, type Loss, placeOf } from "../../clients/pulumi-cli/losses";
import { formatDuration } from "../../terminal/durations";
import { red } from "../../terminal/text";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import type { PartOutcome, SequencePart } from "../engine/run-sequence";
import type { UpPlan } from "./plan";
import { changesText } from "./steps";

const places: Readonly<Record<UpPlan["place"], string>> = {
  store: "its state is in the state store at the end",
  here: "its state stays on this machine",
  named: "its state stays in the backend that you have named",
};

/** What is done with one environment. */
export function stackView({ environment, place, url, changes, losses }: UpPlan): Report {
  return {
    value: { environment, place, backend: backendText(url), changes: changes ?? null, losses: losses ?? null },
    print: (lines) => {
      lines.line(`  ${environment}: ${places[place]}`);
      for (const loss of losses ?? []) lines.hanging(["    ! ", red(loss.operation.padEnd(8))], lossText(loss));
    },
  };
}

/** Numbers do not show anybody what should not go: a state may hold what somebody else has written. */
function lossText({ urn, id, guest }: Loss): string {
  const { resource, type } = placeOf(urn);
  const what = `${resource} (${type})`;
  if (id === null) return what;
  return isGuest(type) ? `guest ${id}, ${guest ?? "without a name"}: ${what}` : `${what}: ${id}`;
}

/** An environment that is as its settings say. */
export function unchangedStack(plan: UpPlan): Report {
  return { value: stackView(plan).value, print: (lines) => lines.line(`  ${plan.environment}: nothing to do`) };
}

/** The plan of all environments. */
export function siteView(all: readonly SequencePart<UpPlan>[]): Report {
  const parts = withoutIdleVisits(all, ({ kind }) => kind === "nothing");
  const views = parts.flatMap((part) =>
    part.kind === "refused" ? [] : [part.kind === "planned" ? part.planned.view : part.nothing],
  );
  const steps = parts.flatMap((part) =>
    part.kind === "planned" ? part.steps.map((step) => ({ subject: part.session.selector, ...step })) : [],
  );
  return {
    value: { environments: views.map(({ value }) => value), steps },
    print: (lines) => {
      lines.heading("Plan: bring up the environments of the site");
      for (const part of parts) {
        if (part.kind === "nothing") part.nothing.print(lines);
        if (part.kind !== "planned") continue;
        part.planned.view.print(lines);
        for (const { does } of part.steps) lines.hanging("    - ", does);
      }
    },
  };
}

/** What was done with one environment. */
export function stackReport({ environment, changes, up, handOver = [] }: UpPlan, journal: Journal): Report {
  const isHandOver = !up && handOver.length > 0;
  const text = isHandOver ? "the exporter's tokens are handed over" : doneText(journal, changesText(changes ?? {}));
  return {
    value: { environment, changes: text },
    print: (lines) => lines.line(`${environment}: ${text} (${formatDuration(journal.seconds)})`),
  };
}

function doneText(journal: Journal, planned: string): string {
  const { changes } = journal.factsOf("up");
  if (typeof changes !== "string") return planned;
  const parsed: unknown = JSON.parse(changes);
  const counts = typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
  return counts.length === 0
    ? "nothing changed"
    : counts.map(([operation, count]) => `${operation} ${String(count)}`).join(", ");
}

/** What was done with all of them. */
export function siteReport(all: readonly PartOutcome<UpPlan>[], isWhole: boolean): Report {
  const outcomes = withoutIdleVisits(all, ({ result }) => result === "unchanged");
  return {
    value: { environments: outcomes.map(outcomeValue) },
    print: (lines) => {
      if (isWhole && outcomes.every(({ result }) => result === "unchanged")) {
        lines.line("Everything is as the settings say; nothing was changed.");
      }
      for (const outcome of outcomes) {
        if (outcome.result === "done") outcome.report.print(lines);
        if (outcome.result === "unchanged" && !isWhole) lines.line(`${outcome.session.selector}: nothing to do`);
      }
    },
  };
}

/** A second visit at which there is nothing to do is not worth a word. */
function withoutIdleVisits<Part extends SequencePart<UpPlan>>(
  parts: readonly Part[],
  isIdle: (part: Part) => boolean,
): readonly Part[] {
  const seen = new Set<unknown>();
  return parts.filter((part) => {
    const isAgain = seen.has(part.session);
    seen.add(part.session);
    return !isAgain || !isIdle(part);
  });
}

function outcomeValue(outcome: PartOutcome<UpPlan>) {
  const { session, result, seconds, findings } = outcome;
  const changes =
    outcome.result === "done"
      ? outcome.report.value["changes"]
      : changesText(outcome.kind === "planned" ? (outcome.planned.plan.changes ?? {}) : {});
  const error = outcome.result === "failed" ? outcome.error.message : null;
  return { environment: session.selector, result, seconds, changes, findings, error };
}

/** Without parameters that tell people nothing. */
function backendText(url: string): string {
  return url.split("&", 1)[0] ?? url;
}
