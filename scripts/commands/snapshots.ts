import * as z from "zod";
import { formatMoment } from "../../site/restore/moments";
import { isWayBack, type ListedSnapshot, scheduledFor, snapshotDuty } from "../../site/snapshots";
import type { FoundGuest } from "../project/site";
import { findGuest } from "../recovery/steps/guest/inspect-present";
import { readSnapshots } from "../recovery/steps/guest/guest-snapshots";
import { defineCommand } from "./frame/command";
import { CommandError } from "../terminal/command-error";
import { formatAge } from "../terminal/durations";
import { exitCodes } from "../terminal/exit-codes";
import { type Column, fitTable, type FlexibleColumn } from "../terminal/fitted-table";
import type { Lines } from "../terminal/talk";
import { dim, red, shorten, type Words } from "../terminal/text";

/** A snapshot as it is printed. */
interface Snapshot {
  name: string;
  /** Unix seconds; null for one that was broken off. */
  time: number | null;
  ageSeconds: number | null;
  /** Who made it: the schedule, a rollback (to have a way back), or somebody. */
  kind: "schedule" | "way back" | "by hand";
  incomplete: boolean;
  /** First line. */
  description: string;
}

export const command = defineCommand({
  description:
    "Lists the snapshots of a guest, newest first, in the node's time. They lie on the storage of the guest's own disks: 'lifeboat backups' lists its backups. Ends with 10 when there are none.",
  examples: [
    { command: "lifeboat snapshots web", meaning: "by name" },
    { command: "lifeboat restore snapshot web before-update", meaning: "go back to one of them" },
    { command: "lifeboat backup snapshot web", meaning: "take one" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  input: z.object({ guest: z.string() }),
  aim: ({ guest }) => `list the snapshots of ${guest}`,
  run: async ({ guest: selector }, { site, progress, output, talk }) => {
    const found = (await site()).findGuest(selector);
    const { guest, environment } = found;
    const look = await progress.step(`look for snapshots of ${guest.name}`, () => lookFor(found));
    const { snapshots, now, timeZone } = look;
    const next = guest.snapshots && snapshotDuty(guest.snapshots, snapshots, now, timeZone).next;
    if (snapshots.length === 0) throw none(found);
    const described = snapshots.toReversed().map((snapshot) => describe(snapshot, now));
    const value = { environment: environment.name, guest: guest.name, id: guest.id, timeZone, snapshots: described };
    output.result({ ...value, schedule: guest.snapshots ?? null, next: next ?? null }, (lines) =>
      print(described, timeZone, lines),
    );
    if (guest.snapshots !== undefined) {
      const { schedule, keep } = guest.snapshots;
      const when = next === undefined ? "no more" : `next ${formatMoment(next, timeZone).slice(0, 16)}`;
      talk.line(`Schedule ${schedule}, keeps ${keep}, ${when}.`);
    }
    return exitCodes.done;
  },
});

async function lookFor({
  environment,
  guest,
}: FoundGuest): Promise<{ snapshots: ListedSnapshot[]; timeZone: string; now: number }> {
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

function print(snapshots: readonly Snapshot[], timeZone: string, lines: Lines): void {
  const columns: (Column<Snapshot> | FlexibleColumn<Snapshot>)[] = [
    { heading: dim("NAME"), cell: ({ name }) => name },
    { heading: dim(`DATE (${timeZone})`), cell: ({ time }) => (time === null ? "" : formatMoment(time, timeZone)) },
    {
      heading: dim("AGE"),
      cell: ({ ageSeconds }) => (ageSeconds === null ? "" : formatAge(ageSeconds)),
      align: "right",
    },
    { heading: dim("MADE BY"), cell: kindOf },
    { heading: dim("DESCRIPTION"), text: ({ description }) => description, readable: 8, shorten },
  ];
  lines.table(fitTable(snapshots, columns, lines.room));
}

function kindOf({ kind, incomplete }: Snapshot): Words {
  return incomplete ? red("broken off") : kind;
}
