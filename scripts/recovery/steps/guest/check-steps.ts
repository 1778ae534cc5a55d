import { setTimeout as sleep } from "node:timers/promises";
import type { Check } from "../../../../site/settings/environment";
import { HostKeyRefused } from "../../../clients/guest-shell";
import { formatCheck } from "../../../../site/settings/values/checks";
import { ProxmoxError } from "../../../../proxmox/api/errors";
import { messageOf } from "../../../machine/error-code";
import type { Step, StepContext, StepResult } from "../../engine/step";
import { agentExecId, describeAgentExec } from "./agent-exec";
import type { RestorePlan } from "./plan";
import type { CheckTarget, GuestWorld } from "./world";

/** Pause between two attempts at a check, in milliseconds. */
const pause = 1_000;

/** What these steps need of a plan. */
export type CheckPlan = Pick<RestorePlan, "guest" | "target" | "host" | "checks">;

/** One step per declared check: each has its own time and its own line in the report. */
export function checkSteps(plan: CheckPlan, world: GuestWorld): Step[] {
  return plan.checks.map((check) => checkStep(check, plan, world));
}

/** `ping`, `tcp-80`. */
function checkId(check: Check): string {
  if (check.kind === "agent-exec") return agentExecId(check);
  return check.kind === "tcp" ? `tcp-${check.port}` : check.kind;
}

export function describeCheck(check: Check): string {
  switch (check.kind) {
    case "running":
      return "it runs";
    case "agent":
      return "its guest agent answers";
    case "ping":
      return "it answers a ping";
    case "ssh":
      return "it lets one log in over SSH";
    case "tcp":
      return `port ${check.port} takes connections`;
    case "agent-exec":
      return describeAgentExec(check);
  }
}

function checkStep(check: Check, plan: CheckPlan, world: GuestWorld): Step {
  return {
    id: checkId(check),
    title: `Check that ${describeCheck(check)}`,
    does: `prove that ${describeCheck(check)} (up to ${world.checkSeconds} s)`,
    run: async (context) => prove(context, check, plan, world),
  };
}

/** Repeats a check until the guest passes or its time is over. Services come up one after another. */
async function prove(context: StepContext, check: Check, plan: CheckPlan, world: GuestWorld): Promise<StepResult> {
  // Nothing comes up in a guest that could not be started: one look says so.
  const patience = context.factsOf("start")["proven"] === false ? 0 : world.checkSeconds;
  const deadline = performance.now() + patience * 1_000;
  const { guest, target } = plan;
  for (;;) {
    try {
      const host = plan.host ?? (isAskedOfNode(check) ? undefined : await addressOnNode(world.client, target));
      const checked: CheckTarget = { name: guest, ...target, host };
      await world.probe(check, checked, context.signal);
      return { facts: { proven: true } };
    } catch (error) {
      context.signal.throwIfAborted();
      if (isFinal(error) || performance.now() > deadline) return unproven(plan, check, messageOf(error));
      context.progress(`not yet: ${messageOf(error)}`);
    }
    await sleep(pause, undefined, { signal: context.signal });
  }
}

/** Another attempt would meet the same: a key that is not the guest's, a right that the token lacks. */
function isFinal(error: unknown): boolean {
  return error instanceof HostKeyRefused || (error instanceof ProxmoxError && error.kind === "forbidden");
}

/** Nothing is sent to the guest itself. */
function isAskedOfNode({ kind }: Check): boolean {
  return kind === "running" || kind === "agent" || kind === "agent-exec";
}

function unproven(plan: CheckPlan, check: Check, reason: string): StepResult {
  const text = `${plan.guest} is restored, not proven: check '${formatCheck(check)}' failed (${reason})`;
  return { facts: { proven: false }, findings: [{ severity: "problem", text }] };
}

/** The address of a guest that gets one from DHCP, from the node: of a machine, its agent says it. */
export async function addressOnNode(
  client: GuestWorld["client"],
  target: CheckPlan["target"],
): Promise<string | undefined> {
  if (target.type !== "lxc") return (await client.guests.agentAddresses(target))[0];
  const interfaces = await client.guests.interfaces(target);
  const inet = interfaces.find(({ name, inet }) => name !== "lo" && inet !== undefined)?.inet;
  return inet?.split("/")[0];
}

/** Steps whose fact `proven` says whether the guest is back. */
export function proofPaths(plan: Pick<RestorePlan, "checks">): string[] {
  return ["start", ...plan.checks.map((check) => `checks/${checkId(check)}`)];
}
