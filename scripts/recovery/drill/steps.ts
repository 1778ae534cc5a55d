import { guestTaskType } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { TaskFailed, requireSuccess } from "../../../proxmox/api/tasks";
import { copyTime, formatDrillNotes } from "../../../site/drill/mark";
import { formatCheck } from "../../../site/settings/values/checks";
import { messageOf } from "../../machine/error-code";
import { whoRunsThis } from "../../machine/who";
import { CommandError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import type { BegunOperation } from "../engine/operation";
import type { Finding, Step, StepContext, StepNode, StepResult } from "../engine/step";
import { checkId, describeCheck, repeat } from "../steps/guest/check-steps";
import { findStarted, runTaskOnce } from "../steps/guest/start-task-once";
import { destroyCopy, requireCopy } from "./copies";
import { destroyStep, mayBeThere, reapSteps } from "./destroy-steps";
import type { Proof } from "./history";
import type { Candidate, DrillPlan } from "./plan";
import { type DrillWays, probeCopy } from "./probe";

/** Everything outside the plan that the steps use. */
export interface DrillWorld {
  readonly client: ProxmoxClient;
  readonly ways: DrillWays;
  /** How long a check is repeated until it counts as failed, in seconds. */
  readonly checkSeconds: number;
  /** Keeps what became of a guest's backup, where `status` and other machines find it. */
  record(proof: Proof): Promise<readonly Finding[]>;
}

type Copy = Candidate & Required<Pick<Candidate, "target" | "archive" | "request">>;

/** The steps of a drill: what was left first, then group by group. What keeps one guest from being proven stops no other. */
export function drillSteps(plan: DrillPlan, world: DrillWorld, operation: BegunOperation): StepNode[] {
  return [
    ...reapSteps(plan, world.client),
    ...plan.groups.flatMap((group) => groupSteps(group, plan, world, operation)),
  ];
}

function groupSteps(
  group: readonly Candidate[],
  plan: DrillPlan,
  world: DrillWorld,
  operation: BegunOperation,
): StepNode[] {
  const tried = group.map((candidate): StepNode => ({
    id: candidate.guest,
    title: candidate.guest,
    steps: isCopy(candidate)
      ? [
          restoreStep(candidate, group, plan, world, operation),
          startStep(candidate, plan, world, operation),
          ...candidate.checks.map((_check, index) => checkStep(candidate, index, world)),
          proofStep(candidate, world),
        ]
      : [proofStep(candidate, world)],
  }));
  const destroyed = group
    .filter(isCopy)
    .reverse()
    .map((copy) => destroyStep(copy, plan, world.client, operation));
  return [...tried, ...destroyed];
}

function isCopy(candidate: Candidate): candidate is Copy {
  return candidate.target !== undefined && candidate.request !== undefined && candidate.archive !== undefined;
}

function restoreStep(
  copy: Copy,
  group: readonly Candidate[],
  plan: DrillPlan,
  { client }: DrillWorld,
  operation: BegunOperation,
): Step {
  const { target, archive, request, guest } = copy;
  const task = { node: target.node, vmid: target.vmid, type: guestTaskType(target, "restore") };
  return {
    id: "restore",
    title: `Restore a copy of ${guest}`,
    does: `restore ${archive.volid} as guest ${target.vmid} on ${target.node}, every card on ${plan.bridge}`,
    undoes: (facts) => (mayBeThere(facts) ? { does: `destroy guest ${target.vmid}, the copy of ${guest}` } : "nothing"),
    run: async (context) => {
      if (isOver(plan, operation)) return { facts: { failed: true, skipped: true }, ended: "odd" };
      const needed = neededFailure(copy, group, context);
      if (needed !== undefined) return failed(needed);
      context.note({ began: Date.now() });
      const time = copyTime(plan.time, operation.startedAt, new Date());
      const mark = { operation: operation.id, time, by: whoRunsThis() };
      const text = `Copy of ${plan.environment}/${guest}, made by lifeboat drill from ${archive.volid}. It is destroyed again.`;
      const parameters = { ...request, description: formatDrillNotes(text, mark) };
      const start = () => client.guests.restore(target, parameters);
      const outcome = await runTaskOnce(context, client, { ...task, start });
      return outcome.succeeded ? undefined : failed(`its archive cannot be restored: ${outcome.exitStatus}`);
    },
    takeBack: async (context) => {
      if (!mayBeThere(context.facts)) return;
      const upid = await findStarted(context, client, task);
      if (upid !== undefined) await client.tasks.wait(upid, { signal: context.signal });
      await destroyCopy(client, target, { ids: plan.ids, operation: operation.id }, context);
    },
  };
}

function isOver({ within }: DrillPlan, { startedAt }: BegunOperation): boolean {
  return within !== undefined && Date.now() >= Date.parse(startedAt) + within * 1_000;
}

/** Why a guest cannot be tried: what it needs is not there. */
function neededFailure({ needs }: Candidate, group: readonly Candidate[], context: StepContext): string | undefined {
  const broken = needs.find((name) => {
    const other = group.find(({ guest }) => guest === name);
    return other === undefined || !isCopy(other) || context.factsOf(`${name}/proof`)["proven"] !== true;
  });
  return broken === undefined ? undefined : `it needs ${broken}, which is not proven`;
}

/** What it needs has failed already, and has been told. */
const notTried: StepResult = { facts: { failed: true }, ended: "odd" };

/** Facts keep one text: the first thing that kept the guest from being proven. */
function failed(reason: string): StepResult {
  return { facts: { failed: true, reason }, ended: "bad" };
}

function startStep(copy: Copy, plan: DrillPlan, { client }: DrillWorld, operation: BegunOperation): Step {
  const { target, guest } = copy;
  return {
    id: "start",
    title: `Start the copy of ${guest}`,
    does: `start guest ${target.vmid}`,
    run: async (context) => {
      if (context.factsOf(`${guest}/restore`)["failed"] === true) return notTried;
      await requireCopy(client, target, plan.ids, operation.id);
      await requireBridge(client, copy, plan.bridge);
      const task = { node: target.node, vmid: target.vmid, type: guestTaskType(target, "start") };
      try {
        requireSuccess(await runTaskOnce(context, client, { ...task, start: () => client.guests.start(target) }));
        return undefined;
      } catch (error) {
        if (!(error instanceof TaskFailed)) throw error;
        return failed(`its copy does not start: ${messageOf(error)}`);
      }
    },
  };
}

/** A copy with a card elsewhere is never started: the request has said where every card is, and nobody changes that. */
async function requireBridge(client: ProxmoxClient, { target, guest, macs = [] }: Copy, bridge: string): Promise<void> {
  const configuration = await client.guests.guestConfig(target);
  const cards = Object.entries(configuration).filter(([key]) => /^net\d+$/u.test(key));
  const isRight = cards.every(([, text]) => {
    const parts = text.split(",");
    return parts.includes(`bridge=${bridge}`) && macs.some((mac) => text.toUpperCase().includes(mac));
  });
  if (isRight && cards.length === macs.length) return;
  throw new CommandError(`the copy ${target.vmid} of ${guest} is not started: not every card of it is on ${bridge}`, {
    exitCode: 13,
    hint: "look at its configuration on the node, and delete it by hand if it is still there",
  });
}

function checkStep(copy: Copy, index: number, world: DrillWorld): Step {
  const { guest, checks } = copy;
  const check = checks[index];
  if (check === undefined) throw new Error("A step belongs to each check.");
  return {
    id: `check-${checkId(check, index)}`,
    title: `Check that ${describeCheck(check)}`,
    does: `prove that ${describeCheck(check)} (up to ${world.checkSeconds} s)`,
    run: async (context) => {
      if (context.factsOf(`${guest}/start`)["failed"] === true) return notTried;
      const reason = await repeat(context, world.checkSeconds, () =>
        probeCopy(world.ways, copy, check, context.signal),
      );
      return reason === undefined ? undefined : failed(`check '${formatCheck(check)}' failed (${reason})`);
    },
  };
}

/** What became of a guest: its findings, and the entry of the history. */
function proofStep(candidate: Candidate, world: DrillWorld): Step {
  const { guest, vmid, archive, rto, unfit } = candidate;
  return {
    id: "proof",
    title: `Record what became of ${guest}`,
    does: `record whether the backup of ${guest} is proven`,
    run: async (context) => {
      const restored = context.factsOf(`${guest}/restore`);
      if (restored["skipped"] === true) {
        const text = `${guest} was not reached in the time that the drill was given`;
        return { facts: { proven: false, skipped: true }, findings: [{ severity: "todo", text }] };
      }
      const reasons = unfit === undefined ? reasonsOf(candidate, context) : [unfit];
      const { began } = restored;
      const seconds = typeof began === "number" ? (Date.now() - began) / 1_000 : undefined;
      if (reasons.length === 0 && rto !== undefined && seconds !== undefined && seconds > rto) {
        reasons.push(`it took ${formatDuration(seconds)}, and its RTO is ${formatDuration(rto)}`);
      }
      const proven = reasons.length === 0;
      const at = new Date().toISOString();
      const kept = await world.record({
        guest,
        vmid,
        proven,
        at,
        reasons,
        ...(archive === undefined ? {} : { archive: archive.volid }),
        ...(candidate.target === undefined ? {} : { node: candidate.target.node }),
        ...(seconds === undefined ? {} : { seconds }),
      });
      const problems = reasons.map((reason): Finding => ({ severity: "problem", text: `${guest}: ${reason}` }));
      return {
        facts: { proven, at, reasons: reasons.join("\n"), ...(seconds === undefined ? {} : { seconds }) },
        findings: [...problems, ...kept],
      };
    },
  };
}

function reasonsOf({ guest, checks }: Candidate, context: StepContext): string[] {
  const paths = ["restore", "start", ...checks.map((check, index) => `check-${checkId(check, index)}`)];
  return paths.flatMap((path) => {
    const { reason } = context.factsOf(`${guest}/${path}`);
    return typeof reason === "string" ? [reason] : [];
  });
}
