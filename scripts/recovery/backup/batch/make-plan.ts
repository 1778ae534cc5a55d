import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { missingForArchivesOf } from "../../../../proxmox/api/permissions";
import { formatMoment } from "../../../../site/restore/moments";
import type { Guest } from "../../../../site/settings/environment";
import { groupBy } from "../../../machine/group-by";
import type { LoadedEnvironment } from "../../../project/site";
import type { StateFolder } from "../../engine/state-folder";
import { type BackupOptions, backupOptions } from "../plan";
import type { BackupRun, EnvironmentRuns, LeftOutGuest } from "./plan";

/** A guest and the node that runs it now. */
interface Placed {
  readonly guest: Guest;
  readonly node: string;
}

/**
 * Decides how all guests of an environment are backed up: as its job would do it, one run for each node, with the job's
 * options. Read only.
 *
 * @param busy what else is at work on a guest of this id, from this machine; undefined for nothing.
 */
export async function planRuns(
  client: ProxmoxClient,
  { name, settings }: LoadedEnvironment,
  busy: (id: number) => string | undefined,
): Promise<EnvironmentRuns> {
  const wanted = settings.guests.filter(({ optOut }) => optOut === undefined);
  const [listed, options] = await Promise.all([client.cluster.guests(), backupOptions(client, settings)]);
  const nodeOf = new Map(listed.map(({ vmid, node }) => [vmid, node]));
  const ids = wanted.map(({ id }) => id);
  const missing = await missingForArchivesOf(client, options.storage, ids, new Set(nodeOf.keys()));
  const placed: Placed[] = [];
  const leftOut: LeftOutGuest[] = settings.guests.flatMap(optedOut);
  for (const guest of wanted) {
    const node = nodeOf.get(guest.id);
    const lacking = (missing.get(guest.id) ?? []).map(({ privilege, path }) => `${privilege} on ${path}`);
    const reason =
      lacking.length > 0
        ? `the token lacks ${lacking.join(", ")}`
        : node === undefined
          ? `there is no guest ${guest.id} on ${guest.node}`
          : busy(guest.id);
    if (node !== undefined && reason === undefined) placed.push({ guest, node });
    else leftOut.push({ guest: briefly(guest), reason: reason ?? "", wanted: false });
  }
  const byNode = [...groupBy(placed, ({ node }) => node)];
  const runs = await Promise.all(
    byNode.map(([node, guests]) =>
      planRun(
        client,
        name,
        node,
        guests.map(({ guest }) => guest),
        options,
      ),
    ),
  );
  return { environment: name, runs, leftOut };
}

function optedOut(guest: Guest): LeftOutGuest[] {
  const { optOut } = guest;
  if (optOut === undefined) return [];
  return [{ guest: briefly(guest), reason: `left out until ${optOut.until}: ${optOut.reason}`, wanted: true }];
}

function briefly({ name, id }: Guest): BackupRun["guests"][number] {
  return { name, id };
}

async function planRun(
  client: ProxmoxClient,
  environment: string,
  node: string,
  guests: readonly Guest[],
  { storage, request, remarks }: BackupOptions,
): Promise<BackupRun> {
  const active = await client.tasks.list(node, { source: "active", typefilter: "vzdump" });
  const running = active.filter(({ type, endtime }) => type === "vzdump" && endtime === undefined);
  const { timezone } = await client.cluster.nodeTime(node);
  const waits = running.map(
    ({ starttime, user = "somebody" }) =>
      `a backup of ${user} is at work on ${node} since ${formatMoment(starttime, timezone)}: this one waits for it`,
  );
  return {
    environment,
    node,
    storage,
    guests: guests.map(briefly).sort((a, b) => a.id - b.id),
    request,
    remarks: [...remarks, ...waits],
  };
}

/** What is half done on guests of an environment by journals on this machine, by the guest's id. */
export function halfDone(state: StateFolder): Map<number, string> {
  return new Map(
    state
      .allJournals()
      .filter(({ contents }) => contents.state === "open" || contents.state === "taking-back")
      .flatMap(({ contents: { guest, startedAt, command } }): [number, string][] =>
        guest === undefined
          ? []
          : [[guest.id, `an operation begun at ${startedAt} has not ended; resume it: ${command}`]],
      ),
  );
}
