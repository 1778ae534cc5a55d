import { refreshContainer } from "../../project/pulumi-variables";
import type { GivenAnswers } from "../engine/consent";
import { digestOf } from "../engine/digest";
import type { Operation } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import type { Finding } from "../engine/step";
import { comparisonFindings, guestAccess } from "../steps/guest/open-world";
import { sizesInside } from "./look-inside";
import { planGrowth, settingsInput } from "./make-plan";
import { type GrowPlan, growKind, growPlanSchema } from "./plan";
import { growSteps, type GrowWorld } from "./steps";
import { growReport, growthView, nothingToGrow } from "./view";
import { requireRights, rightsFor } from "../steps/guest/rights";

/** What `lifeboat grow` was asked for. */
export interface GrowRequest {
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** The disks of a container become what the settings say, with everything that is on them (A11). */
export function growOperation(session: GuestSession, { given, command }: GrowRequest): Operation<GrowPlan> {
  const { guest, selector } = session;
  const world = worldOf(session);
  return {
    kind: growKind,
    name: `change of the disks of ${selector}`,
    schema: growPlanSchema,
    request: {},
    command,
    given,
    plan: async () => {
      const planned = await planGrowth(session);
      const { growths, additions, target } = planned.plan;
      if (growths.length + additions.length === 0) return { nothing: nothingToGrow(planned) };
      return { ...planned, view: growthView(planned), node: target.node };
    },
    permitted: (plan) =>
      requireRights(
        session.client,
        rightsFor(["VM.Config.Disk", "Datastore.AllocateSpace"], {
          guests: [plan.target.vmid],
          storages: [...plan.growths, ...plan.additions].map(({ storage }) => storage),
        }),
      ),
    steps: (plan, { inputs }) => growSteps(plan, world, inputs),
    report: growReport,
    meaning: (plan) => ({ text: `everything on the disks of ${plan.guest} is as it was.` }),
    // What is left follows from guest and settings alone.
    outdated: ({ contents: { inputs, startedAt } }) =>
      inputs[settingsInput] === digestOf(guest)
        ? undefined
        : `What was begun at ${startedAt} is not resumed: the settings have changed since.`,
  };
}

function worldOf(session: GuestSession): GrowWorld {
  const { client, context, environment, guest } = session;
  const { io } = context;
  const hasShell = guest.checks.some(({ kind }) => kind === "ssh");
  const address =
    guest.kind === "adopted" || guest.network.address.kind === "dhcp" ? undefined : guest.network.address.ip;
  return {
    client,
    settingsDigest: digestOf(guest),
    look: sizesInside(client, hasShell ? guestAccess(session) : undefined, address),
    record: async (signal) =>
      recorded(environment.name, await refreshContainer(environment, guest.name, io.environment, signal)),
    comparePulumi: (signal) => comparisonFindings(environment, { ...context, signal }),
  };
}

function recorded(environment: string, refresh: Awaited<ReturnType<typeof refreshContainer>>): Finding[] {
  if (refresh.refreshed) return [{ severity: "note", text: "Pulumi's state knows the disks" }];
  return [
    {
      severity: "todo",
      text: `Pulumi's state does not know the disks yet (${refresh.why}); until it does, pulumi up would want to replace the guest`,
      mend: `pulumi up --refresh -s ${environment}`,
    },
  ];
}
