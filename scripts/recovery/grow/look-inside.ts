import type { ProxmoxClient } from "../../../proxmox/api/client";
import { formatSize } from "../../../site/settings/values/sizes";
import { GuestShell, type GuestShellOptions, HostKeyRefused } from "../../clients/guest-shell";
import { ProgramMissing } from "../../clients/run-program";
import { shellQuote } from "../../machine/shell-quote";
import type { Facts, Finding, Step } from "../engine/step";
import { addressOnNode } from "../steps/guest/check-steps";
import type { GrowPlan } from "./plan";

/**
 * Bytes of the file systems that a running guest has, by the place where they are mounted: 0 where none is; what cannot be
 * seen is missing.
 *
 * @param refused is told why a guest that answers is not asked
 */
export type SizesInside = (
  target: GrowPlan["target"],
  places: readonly string[],
  signal: AbortSignal,
  refused?: (why: string) => void,
) => Promise<ReadonlyMap<string, number>>;

/**
 * Looks into guests: the node knows the file system of a root disk, and the guest itself tells the others.
 *
 * @param access how to log in; undefined where the settings do not say that one can
 * @param address of the guest; undefined: the node is asked
 */
export function sizesInside(
  client: ProxmoxClient,
  access: ((target: GrowPlan["target"]) => GuestShellOptions) | undefined,
  address: string | undefined,
): SizesInside {
  return async (target, places, signal, refused) => {
    const { maxdisk } = await client.guests.guestStatus(target);
    const sizes = new Map(maxdisk === undefined ? [] : [["/", maxdisk]]);
    const others = places.filter((place) => place !== "/");
    if (access === undefined || others.length === 0) return sizes;
    const host = address ?? (await addressOnNode(client, target));
    if (host === undefined) return sizes;
    const found = await askGuest(new GuestShell(access(target)), host, others, signal, refused);
    if (found !== undefined) for (const place of others) sizes.set(place, found.get(place) ?? 0);
    return sizes;
  };
}

/** The file systems at these places or around them; undefined where nobody can log in now. */
async function askGuest(
  shell: GuestShell,
  host: string,
  places: readonly string[],
  signal: AbortSignal,
  refused: ((why: string) => void) | undefined,
): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    // A place where nothing is mounted belongs to the file system around it: `df` then shows that one's place.
    const command = `df --block-size=1 --output=size,target -- / ${places.map(shellQuote).join(" ")} 2>/dev/null`;
    const { code, stdout } = await shell.run(host, command, signal);
    // 1: some places are not there. From 126 on nothing was asked: there is no `df`, no answer, or no way in.
    if (code === undefined || code >= 126) return undefined;
    const lines = stdout.split("\n").flatMap((line): [string, number][] => {
      const [, size, place] = /^\s*(\d+)\s+(\/.*)$/u.exec(line) ?? [];
      return place === undefined ? [] : [[place, Number(size)]];
    });
    const found = new Map(lines);
    // Every guest has a root: without it this is no answer.
    return found.has("/") ? found : undefined;
  } catch (error) {
    if (error instanceof HostKeyRefused) refused?.(error.message);
    else if (!(error instanceof ProgramMissing)) throw error;
    return undefined;
  }
}

/** Where the disks of a plan are in the guest: `/` is the root disk. */
function placesOf({ growths, additions }: GrowPlan): string[] {
  return [...growths, ...additions].flatMap(({ mount }) => mount ?? []);
}

/** What the growing file systems have now, as facts: only against these a growth can be seen. */
export async function factsBefore(plan: GrowPlan, look: SizesInside, signal: AbortSignal): Promise<Facts> {
  if (!plan.running || plan.target.type === "qemu") return {};
  return Object.fromEntries(await look(plan.target, placesOf(plan), signal));
}

/** Compares what the guest has now with what it had: what the node has done may wait in it for its next start. */
export function lookStep(plan: GrowPlan, look: SizesInside, measuredBy: string): Step {
  return {
    id: "look",
    title: "Look into the guest",
    does: "see whether the guest has the disks as they are now, as far as one can look into it",
    run: async ({ signal, factsOf }) => {
      const before = factsOf(measuredBy);
      const refusals: Finding[] = [];
      const refused = (text: string) => refusals.push({ severity: "todo", text });
      const now = await look(plan.target, placesOf(plan), signal, refused);
      return { findings: [...findingsOf(plan, before, now), ...refusals] };
    },
  };
}

function findingsOf(plan: GrowPlan, before: Facts, now: ReadonlyMap<string, number>): Finding[] {
  const { growths, additions, target } = plan;
  const mend = `pct reboot ${String(target.vmid)} on ${target.node}`;
  const unseen: string[] = [];
  const waiting: Finding[] = [];
  for (const { disk, mount } of growths) {
    const [old, size] = mount === undefined ? [] : [before[mount], now.get(mount)];
    if (typeof old !== "number" || size === undefined) unseen.push(disk);
    else if (size <= old) {
      const text = `disk ${disk} is larger, and its file system in the guest still has ${formatSize(size)}: it grows at the guest's next start`;
      waiting.push({ severity: "todo", text, mend });
    }
  }
  for (const { disk, mount } of additions) {
    const size = now.get(mount);
    if (size === undefined) unseen.push(disk);
    else if (size === 0) {
      const text = `disk ${disk} is made, and is not mounted at ${mount} in the guest: it is at the guest's next start`;
      waiting.push({ severity: "todo", text, mend });
    }
  }
  const note = `not looked at inside the guest: ${unseen.join(", ")}`;
  return [...waiting, ...(unseen.length === 0 ? [] : [{ severity: "note", text: note } satisfies Finding])];
}
