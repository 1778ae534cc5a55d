import { pulumiLine } from "../../../site/plain-pulumi";
import { refreshGuest } from "../../project/pulumi-variables";
import type { GivenAnswers } from "../engine/consent";
import type { OwnedGuest } from "../../../site/settings/environment";
import { formatSize } from "../../../site/settings/values/sizes";
import type { Journal } from "../engine/journal";
import type { Operation } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import type { Finding } from "../engine/step";
import { whyNotSent } from "../engine/too-old";
import { inspectPresent } from "../steps/guest/inspect-present";
import { guestAccess } from "../steps/guest/log-in";
import { comparisonFindings } from "../steps/guest/open-world";
import { sizesInside } from "./look-inside";
import { changesOf, planGrowth, requireOwn, settingsInput } from "./make-plan";
import { type GrowPlan, growKind, growPlanSchema } from "./plan";
import { growSteps, type GrowWorld } from "./steps";
import { growReport, growthView, nothingToGrow } from "./view";
import { requireRights, rightsFor } from "../steps/guest/rights";
import { formatInstant } from "../../terminal/durations";
import { guestSettingsDigest } from "../steps/guest/inputs";
import { settingsDigestNow } from "../steps/guest/settings-now";

/** What `lifeboat grow` was asked for. */
export interface GrowRequest {
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** The disks of a guest become what the settings say, with everything that is on them (A11). */
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
    outdated: async (open) => {
      const { inputs, startedAt } = open.contents;
      if (inputs[settingsInput] !== guestSettingsDigest(guest)) {
        return `What was begun at ${formatInstant(startedAt)} is not resumed: the settings have changed since.`;
      }
      const others = whyNotSent(open) === undefined ? await otherDisks(session, open) : [];
      if (others.length === 0) return whyNotSent(open);
      return `What was begun at ${formatInstant(startedAt)} is not resumed: what is to be done by now is ${others.join(", ")}.`;
    },
  };
}

/**
 * Disks that are to be grown or added by now, and were not when it was begun: the guest was changed or restored since.
 *
 * @throws CommandError (13) for a guest that is another one by now
 */
async function otherDisks(session: GuestSession, { contents }: Journal): Promise<string[]> {
  const { guest, client } = session;
  const present = await inspectPresent(client, contents.guest?.node ?? guest.node, guest.id);
  if (present === undefined || guest.kind === "adopted") return [];
  requireOwn(session, guest, present);
  const planned = growPlanSchema.safeParse(contents.plan);
  const known = new Set(planned.success ? disksOf(planned.data) : []);
  return disksOf(changesOf(guest, present)).filter((disk) => !known.has(disk));
}

/** `mp0 to 3 GiB on local`; what a disk had before says nothing, since it may be half-way there. */
function disksOf({ growths, additions }: Pick<GrowPlan, "growths" | "additions">): string[] {
  return [...growths, ...additions].map(({ key, bytes, storage }) => `${key} to ${formatSize(bytes)} on ${storage}`);
}

function worldOf(session: GuestSession): GrowWorld {
  const { client, context, environment, guest } = session;
  const { io } = context;
  const hasShell = guest.checks.some(({ kind }) => kind === "ssh");
  const address =
    guest.kind === "adopted" || guest.network.address.kind === "dhcp" ? undefined : guest.network.address.ip;
  return {
    client,
    settingsDigest: () => settingsDigestNow(session),
    look: sizesInside(client, hasShell ? (target) => guestAccess(session, target, false) : undefined, address),
    record: async (signal) => {
      // An adopted guest has no plan.
      if (guest.kind === "adopted") return [];
      return recorded(environment.name, guest, await refreshGuest(environment, guest, io.environment, signal));
    },
    comparePulumi: (signal) => comparisonFindings(environment, { ...context, signal }),
  };
}

function recorded(
  environment: string,
  { kind }: OwnedGuest,
  refresh: Awaited<ReturnType<typeof refreshGuest>>,
): Finding[] {
  if (refresh.refreshed) return [{ severity: "note", text: "Pulumi's state knows the disks" }];
  const until =
    kind === "container" ? "would want to replace the guest" : "asks for the same sizes again, which changes nothing";
  return [
    {
      severity: "todo",
      text: `Pulumi's state does not know the disks yet (${refresh.why}); until it does, pulumi up ${until}`,
      mend: pulumiLine(environment, "up --refresh"),
    },
  ];
}
