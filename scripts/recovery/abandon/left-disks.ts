import { diskSize } from "../../../site/live-disks";
import { formatSize } from "../../../site/settings/values/sizes";
import { growKind, growPlanSchema, nameOf } from "../grow/plan";
import { findGuest } from "../steps/guest/inspect-present";
import { type Left, type LeftFact, look } from "./left";

/** How far disks have come that were to grow or to be added. */
export function diskFacts({ client, journal, name, place, selector }: Left): Promise<LeftFact[]> {
  const { kind, plan } = journal.contents;
  const planned = kind === growKind ? growPlanSchema.safeParse(plan).data : undefined;
  if (planned === undefined) return Promise.resolve([]);
  return look(`the disks of ${name}`, async () => {
    const address = await findGuest(client, place.node, place.vmid);
    if (address === undefined) return [];
    const configuration = await client.guests.guestConfig(address);
    return [...planned.growths, ...planned.additions].map(({ key, disk, bytes }): LeftFact => {
      const text = configuration[key];
      const size = text === undefined ? undefined : diskSize(address.type, key, text);
      const is = text === undefined ? "is not there" : `has ${size === undefined ? "no size" : formatSize(size)}`;
      const next = selector === undefined ? {} : { next: `lifeboat grow ${selector} --dry-run` };
      return {
        about: `disk ${nameOf(disk, key)}`,
        is: `${is}; ${formatSize(bytes)} were planned`,
        known: true,
        ...next,
      };
    });
  });
}
