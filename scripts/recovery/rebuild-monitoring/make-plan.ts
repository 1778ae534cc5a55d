import type { ProxmoxClient } from "../../../proxmox/api/client";
import { typeOfGuest } from "../../../site/guest-types";
import { backendOf } from "../../project/backend";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import type { Planned } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { requireRights, rightsFor } from "../steps/guest/rights";
import type { StackWork } from "../up/stack-work";
import { upInputs } from "../up/steps";
import type { RebuildMonitoringPlan } from "./plan";

/** Monitoring that is made anew: its stack, and its guest. */
export interface AnewSession {
  readonly work: StackWork;
  readonly guest: GuestSession;
  /** Why no backup brings it back, as half a sentence. */
  readonly reason: string;
}

/** Consents to the loss of the measurements. */
const lossFlag = "--accept-loss";

/**
 * Looks at the guest and at the stack that makes it. GET only.
 *
 * @throws CommandError (13) for a stack that was never brought up, (14) where the guest cannot be seen
 */
export async function planAnew(session: AnewSession): Promise<Omit<Planned<RebuildMonitoringPlan>, "view">> {
  const { work, reason } = session;
  const { guest, client } = session.guest;
  const type = typeOfGuest(guest);
  if (type === undefined) throw new Error(`${guest.name} is not made by the program`);
  const exists = await isThere(client, guest.id);
  const { url } = backendOf(work.environment, work.context.io.environment);
  const look = await work.look(url);
  if (look !== undefined && look.checkpoint === undefined) throw neverMade(work.selector);
  const plan: RebuildMonitoringPlan = {
    environment: work.selector,
    guest: { name: guest.name, id: guest.id, node: guest.node, type, exists },
    reason,
    backend: url,
  };
  return { plan, demands: demandsOf(plan), inputs: upInputs(work) };
}

/** @throws CommandError (14) where the token does not see it: that is no absence */
async function isThere(client: ProxmoxClient, vmid: number): Promise<boolean> {
  if ((await client.cluster.guests()).some((one) => one.vmid === vmid)) return true;
  await requireRights(client, rightsFor(["VM.Audit"], { guests: [vmid] }));
  return false;
}

function neverMade(environment: string): CommandError {
  return new CommandError(`there is no state of ${environment}: its stack was never brought up`, {
    exitCode: exitCodes.refused,
    hint: `lifeboat up ${environment}`,
  });
}

function demandsOf({ guest: { name, id, exists }, reason }: RebuildMonitoringPlan): Demand[] {
  const force = {
    flag: forceFlag,
    reason: "the plan is not confirmed",
    question: exists
      ? `Install monitoring in ${name} (${String(id)}) again?`
      : `Make ${name} (${String(id)}) again, empty, with monitoring in it?`,
  };
  if (exists) return [force];
  const lost = `${reason}, so that all measurements from before are gone`;
  return [{ flag: lossFlag, reason: lost, question: `${lost}. Go on?` }, force];
}
