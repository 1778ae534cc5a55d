import * as z from "zod";
import type { NodeEntry } from "../../../proxmox/api/answers";
import { nodesOf } from "../../../site/needs";
import { pulumiLine } from "../../../site/plain-pulumi";
import { nodesInState } from "../../../site/replaced-node/state-changes";
import { shellQuote } from "../../machine/shell-quote";
import type { LoadedEnvironment } from "../../project/site";
import { backendOf } from "../../project/backend";
import { failureOf } from "../../clients/failure";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { runSequence, type Sequence } from "../engine/run-sequence";
import { findingShape } from "../engine/shapes";
import { forceFlag } from "../engine/settle-demands";
import { type Finding, type Step, type StepContext, type StepResult, standing } from "../engine/step";
import { watchOf } from "../engine/watch";
import { runWithin } from "../engine/within";
import { forgetLostJob } from "../steps/state/lost-job";
import { forgetLostTokens } from "../steps/state/lost-token";
import { upSequence } from "../up/operation";
import type { UpPlan } from "../up/plan";
import { StackWork } from "../up/stack-work";
import { findingsWithin } from "./findings-within";
import { notBack } from "./guests-step";
import { emptiedText } from "./lacking";
import type { EnvironmentLook } from "./plan";
import type { SiteSession } from "./session";

/** Path of the step that brings the stacks up. */
export const upPath = "up";

/** Consents to what an update would delete. */
export const lossFlag = "--accept-loss";

/**
 * Writes into a state what is there of its resources, so that the update makes what is gone, and nothing else. Where that fails,
 * everything that is back stays so, and the others go on.
 */
export function refreshStep(name: string, session: SiteSession): Step {
  return standing({
    id: refreshPath(name),
    title: `Tell Pulumi what is left of ${name}`,
    does: `pulumi refresh: write into the state of ${name} what is there and what is gone`,
    card: {
      needs: `the state of ${name}, its passphrase, and the node's API`,
      command: pulumiLine(name, "refresh"),
      check: `lifeboat up ${name} --dry-run makes what is gone, and nothing that is there`,
    },
    run: async (context) => {
      try {
        return await refresh(name, session, context);
      } catch (error) {
        return { facts: { failed: true }, findings: [notUp(name, whyNot(error, session))] };
      }
    },
  });
}

function refreshPath(name: string): string {
  return `refresh-${name}`;
}

async function refresh(name: string, session: SiteSession, context: StepContext): Promise<StepResult> {
  const work = new StackWork(session.site, name, session.context, false);
  const { url } = backendOf(work.environment, session.context.io.environment);
  const look = await work.look(url);
  // A stack that was never brought up knows of nothing that could be gone.
  if (look?.checkpoint === undefined || look.checkpoint.resources.length === 0) return {};
  await work.clearDeadLocks(url);
  const cli = await work.cli(url);
  const watch = watchOf(context);
  const recorded = look.checkpoint.resources.map(({ urn }) => urn);
  const forgot = await forgetLostJob(work.environment, recorded, cli, watch);
  const { access, cluster } = await work.environment.client();
  requireKnownNodes(work.environment, look.checkpoint.resources, await cluster.nodes());
  const tokens = await forgetLostTokens(access, recorded, cli, watch);
  await cli.refresh([], watch);
  return { facts: { forgot, tokens: tokens.length } };
}

/**
 * What the state has on a node that is no more, Pulumi can ask nobody about: a mapping that was cut off is named whole.
 *
 * @throws CommandError (13)
 */
function requireKnownNodes(
  { name, settings }: LoadedEnvironment,
  resources: Parameters<typeof nodesInState>[0],
  members: readonly NodeEntry[],
): void {
  const [gone] = nodesInState(resources).filter((node) => !members.some((member) => member.node === node));
  if (gone === undefined || nodesOf(settings).includes(gone)) return;
  const { endpoint, node } = settings.proxmox;
  throw new CommandError(`its state has resources on ${gone}, and ${endpoint} has no such node`, {
    exitCode: exitCodes.refused,
    hint: `where another stands in for it: lifeboat recover --only ${name} --map ${shellQuote(`${gone}=${node}`)}, and --storage OLD=NEW as its settings were changed`,
  });
}

/** @throws what is a defect of ours, and where somebody has interrupted it */
function whyNot(error: unknown, { context }: SiteSession): string {
  context.signal.throwIfAborted();
  const { reason, hint, stack } = failureOf(error, undefined);
  if (stack !== undefined) throw error;
  return hint === undefined ? reason : `${reason} (${hint})`;
}

const upReportSchema = z.looseObject({
  environments: z.array(
    z.looseObject({
      environment: z.string(),
      result: z.enum(["done", "unchanged", "failed"]),
      findings: z.array(findingShape),
      error: z.string().nullable(),
    }),
  ),
  leftOut: z.array(z.looseObject({ subject: z.string(), message: z.string(), hint: z.string().optional() })),
});

/** What became of a stack. */
export type StackResult = z.infer<typeof upReportSchema>["environments"][number]["result"] | "left out";

/** What the step has noted: results by environment. */
export function stackResultsIn(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, StackResult>> {
  const text = facts["results"];
  const resultSchema = z.record(z.string(), z.enum(["done", "unchanged", "failed", "left out"]));
  return typeof text === "string" ? resultSchema.parse(JSON.parse(text)) : {};
}

/** Why the stack of an environment is left as it is: guests of which archives, or copies elsewhere, may be left have not come back. */
export function wouldMakeEmpty(
  look: EnvironmentLook,
  factsOf: StepContext["factsOf"],
  { asked }: Pick<SiteSession, "asked">,
): Finding[] {
  const left = notBack(look, factsOf);
  if (left.length === 0) return [];
  return [{ severity: "problem", text: `${look.name} is not brought up: ${emptiedText(left)}`, mend: asked.command }];
}

/** Has every stack make what is missing: jobs, buckets, what has no archive. */
export function upStep(names: readonly string[], looks: readonly EnvironmentLook[], session: SiteSession): Step {
  return standing({
    id: upPath,
    title: `Bring up ${names.join(", ")}`,
    does: `lifeboat up: make again what is gone of ${names.join(", ")}, as backup jobs; nothing is deleted`,
    card: {
      needs:
        "every guest with backups is back: one that is not keeps its stack from being brought up, which would make it empty",
      command: `lifeboat up ${names.join(" ")}`,
      check: "the same command again has nothing to do",
    },
    run: async ({ factsOf }) => {
      const unknown = names.filter((name) => factsOf(refreshPath(name))["failed"] === true);
      const asked = looks.filter(({ name }) => names.includes(name));
      const emptied = asked.flatMap((look) =>
        wouldMakeEmpty(look, factsOf, session).map((finding) => ({ name: look.name, finding })),
      );
      const known = names.filter((name) => !unknown.includes(name) && !emptied.some((one) => one.name === name));
      const { results, findings } = await tryToBringUp(known, session);
      const left = Object.fromEntries(emptied.map(({ name }) => [name, "left out"]));
      return {
        facts: { results: JSON.stringify({ ...results, ...allFailed(unknown), ...left }) },
        findings: [...emptied.map(({ finding }) => finding), ...findings],
        // Why is said where Pulumi could not be told.
        ...(unknown.length === 0 ? {} : { ended: "bad" }),
      };
    },
  });
}

interface BroughtUp {
  /** By environment. */
  readonly results: Readonly<Record<string, StackResult>>;
  readonly findings: readonly Finding[];
}

/** Where it fails as a whole, that is said of each: everything else that is back stays so. */
async function tryToBringUp(names: readonly string[], session: SiteSession): Promise<BroughtUp> {
  if (names.length === 0) return { results: {}, findings: [] };
  try {
    return await bringUp(names, session);
  } catch (error) {
    const why = whyNot(error, session);
    return { results: allFailed(names), findings: names.map((name) => notUp(name, why)) };
  }
}

function allFailed(names: readonly string[]): BroughtUp["results"] {
  return Object.fromEntries(names.map((name) => [name, "failed"]));
}

async function bringUp(names: readonly string[], { asked, context }: SiteSession): Promise<BroughtUp> {
  const { value } = await runWithin(context, async (inner) => {
    const request = {
      wanted: names,
      dryRun: false,
      given: { [forceFlag]: true },
      command: `lifeboat up ${names.join(" ")}`,
    };
    const sequence = await upSequence(await inner.site(), request, inner);
    return runSequence(asked.given[lossFlag] === true ? sequence : withoutLosses(sequence));
  });
  const { environments, leftOut } = upReportSchema.parse(value);
  const results = Object.fromEntries<StackResult>([
    ...environments.map(({ environment, result }) => [environment, result] as const),
    ...leftOut.map(({ subject }) => [subject, "left out"] as const),
  ]);
  const findings: Finding[] = [
    ...environments.flatMap((one) => findingsWithin(one.findings)),
    ...environments.flatMap(({ environment, error }) => (error === null ? [] : [notUp(environment, error)])),
    ...leftOut.map(({ subject, message, hint }) =>
      notUp(subject, hint === undefined ? message : `${message} (${hint})`),
    ),
  ];
  return { results, findings };
}

function notUp(environment: string, why: string): Finding {
  return { severity: "problem", text: `${environment} is not brought up: ${why}`, mend: `lifeboat up ${environment}` };
}

/** An update that would delete something, or make it anew, is for somebody to look at: nobody has consented to that. */
function withoutLosses(sequence: Sequence<UpPlan>): Sequence<UpPlan> {
  const members = sequence.members.map(({ session, operation }) => ({
    session,
    operation: {
      ...operation,
      plan: async () => {
        const planned = await operation.plan();
        const losses = "nothing" in planned ? [] : (planned.plan.losses ?? []);
        if (losses.length === 0) return planned;
        const names = losses.map(
          ({ operation: what, urn, guest }) => `${what} ${guest ?? urn.split("::").at(-1) ?? urn}`,
        );
        throw new CommandError(`its update would ${names.join(", ")}`, {
          exitCode: exitCodes.refused,
          hint: `look at it: lifeboat up ${session.selector} --dry-run; if that is what you want: ${lossFlag}`,
        });
      },
    },
  }));
  return { ...sequence, members };
}
