import { formatMoment } from "../../../site/restore/moments";
import { isWayBack, type ListedSnapshot, scheduledFor, snapshotDuty } from "../../../site/snapshots";
import type { CommandContext } from "../../project/context";
import type { FoundGuest } from "../../project/site";
import { readSnapshots } from "../../recovery/steps/guest/guest-snapshots";
import { findGuest } from "../../recovery/steps/guest/inspect-present";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import type { snapshotsShape } from "./shape";
import { printSnapshots, type Snapshot } from "./snapshots-page";

/** The snapshots of a guest. @throws CommandError (1) where there is no such guest, (10) where it has none */
export async function inspectSnapshots(
  found: FoundGuest,
  { progress }: Pick<CommandContext, "progress">,
): Promise<Inspection<ValueOf<typeof snapshotsShape>>> {
  const { guest, environment } = found;
  const listed = await progress.step(`look for snapshots of ${guest.name}`, () => listSnapshots(found));
  const { now, timeZone } = listed;
  if (listed.snapshots.length === 0) throw none(found);
  const next = guest.snapshots && snapshotDuty(guest.snapshots, listed.snapshots, now, timeZone).next;
  const snapshots = listed.snapshots.toReversed().map((snapshot) => describe(snapshot, now));
  const schedule = guest.snapshots ?? null;
  const whose = { environment: environment.name, guest: guest.name, id: guest.id };
  return {
    value: { ...whose, timeZone, snapshots, schedule, next: next ?? null },
    print: (lines) => printSnapshots(snapshots, timeZone, lines),
    exitCode: exitCodes.done,
    remark: (talk) => {
      if (schedule === null) return;
      const when = next === undefined ? "no more" : `next ${formatMoment(next, timeZone).slice(0, 16)}`;
      talk.line(`Schedule ${schedule.schedule}, keeps ${schedule.keep}, ${when}.`);
    },
  };
}

interface Listed {
  /** Oldest first. */
  readonly snapshots: readonly ListedSnapshot[];
  readonly timeZone: string;
  /** The node's clock, unix seconds. */
  readonly now: number;
}

async function listSnapshots({ environment, guest }: FoundGuest): Promise<Listed> {
  const client = await environment.client();
  const address = await findGuest(client, guest.node, guest.id);
  if (address === undefined) {
    throw new CommandError(`there is no guest ${guest.id} on ${guest.node}`, {
      exitCode: exitCodes.failed,
      hint: `if it was lost: lifeboat restore guest ${environment.name}/${guest.name}`,
    });
  }
  const { time, timezone } = await client.cluster.nodeTime(address.node);
  return { snapshots: await readSnapshots(client, address), timeZone: timezone, now: time };
}

function none({ guest, environment }: FoundGuest): CommandError {
  return new CommandError("there are none", {
    exitCode: exitCodes.nothing,
    hint: `take one: lifeboat backup snapshot ${environment.name}/${guest.name}`,
  });
}

function describe(snapshot: ListedSnapshot, now: number): Snapshot {
  const { name, description, time, incomplete } = snapshot;
  const kind = scheduledFor(snapshot) !== undefined ? "schedule" : isWayBack(snapshot) ? "way back" : "by hand";
  return {
    name,
    time: time ?? null,
    ageSeconds: time === undefined ? null : Math.max(0, now - time),
    kind,
    incomplete,
    description: description.split("\n")[0] ?? "",
  };
}
