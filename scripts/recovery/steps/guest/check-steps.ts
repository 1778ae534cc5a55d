import { setTimeout as sleep } from "node:timers/promises";
import type { Check } from "../../../../site/settings/environment";
import { HostKeyRefused } from "../../../clients/guest-shell";
import { formatCheck } from "../../../../site/settings/values/checks";
import { ProxmoxError } from "../../../../proxmox/api/errors";
import { messageOf } from "../../../machine/error-code";
import type { Step, StepContext, StepResult } from "../../engine/step";
import { agentExecId, describeAgentExec } from "./agent-exec";
import type { RestorePlan } from "./plan";
import type { GuestWorld } from "./world";

/** Pause between two attempts at a check, in milliseconds. */
const pause = 1_000;

/** What these steps need of a plan. */
export type CheckPlan = Pick<RestorePlan, "guest" | "target" | "host" | "checks">;

/** One step per declared check: each has its own time and its own line in the report. */
export function checkSteps(plan: CheckPlan, world: GuestWorld): Step[] {
  return plan.checks.map((check, index) => checkStep(check, checkId(check, index), plan, world));
}

/** `ping`, `tcp-80`; of a request or a command, which have no short name of their own, with its place: `http-2`. */
export function checkId(check: Check, index: number): string {
  if (check.kind === "agent-exec") return agentExecId(check);
  if (check.kind === "tcp") return `tcp-${check.port}`;
  return check.kind === "http" || check.kind === "command" ? `${check.kind}-${index + 1}` : check.kind;
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
    case "http":
      return `http port ${check.port} answers ${check.path} with ${check.status}`;
    case "command":
      return `in it '${check.command}' ends with ${check.exit}${check.output === undefined ? "" : ` and says ${check.output}`}`;
  }
}

function checkStep(check: Check, id: string, plan: CheckPlan, world: GuestWorld): Step {
  return {
    id,
    title: `Check that ${describeCheck(check)}`,
    does: `prove that ${describeCheck(check)} (up to ${world.checkSeconds} s)`,
    run: async (context) => prove(context, check, plan, world),
  };
}

/** Nothing comes up in a guest that could not be started: one look says so. */
async function prove(context: StepContext, check: Check, plan: CheckPlan, world: GuestWorld): Promise<StepResult> {
  const { guest, target } = plan;
  const patience = context.factsOf("start")["proven"] === false ? 0 : world.checkSeconds;
  const reason = await repeat(context, patience, async () => {
    const host = plan.host ?? (isAskedOfNode(check) ? undefined : await addressOnNode(world.client, target));
    await world.probe(check, { name: guest, ...target, host }, context.signal);
  });
  if (reason === undefined) return { facts: { proven: true } };
  const text = `${guest} is restored, not proven: check '${formatCheck(check)}' failed (${reason})`;
  return { facts: { proven: false }, findings: [{ severity: "problem", text }] };
}

/**
 * Repeats a check until the guest passes or its time is over: services come up one after another.
 *
 * @returns why it does not pass; undefined: it does
 */
export async function repeat(
  { signal, progress }: Pick<StepContext, "signal" | "progress">,
  seconds: number,
  attempt: () => Promise<void>,
): Promise<string | undefined> {
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    try {
      await attempt();
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error) || performance.now() > deadline) return messageOf(error);
      progress(`not yet: ${messageOf(error)}`);
    }
    await sleep(pause, undefined, { signal });
  }
}

/** Another attempt would meet the same: a key that is not the guest's, a right that the token lacks. */
function isFinal(error: unknown): boolean {
  return error instanceof HostKeyRefused || (error instanceof ProxmoxError && error.kind === "forbidden");
}

/** Nothing is sent to the guest itself. */
export function isAskedOfNode({ kind }: Check): boolean {
  return kind === "running" || kind === "agent" || kind === "agent-exec";
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
  return ["start", ...plan.checks.map((check, index) => `checks/${checkId(check, index)}`)];
}
