import * as z from "zod";
import { formatBytes, formatMoment } from "../../terminal/durations";
import { bytes, moment } from "../../terminal/shapes";
import type { Report } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import { confirm, forceFlag } from "../engine/settle-demands";
import type { ArchiveToFetch } from "./fetch-archive";

/** `lifeboat restore guest --from offsite --dry-run --json`, where the archive is not on the storage yet */
export const fetchShape = z.strictObject({
  fetch: z.strictObject({
    archive: z.string(),
    time: moment("when it was begun"),
    bytes: bytes("of the archive"),
    bucket: z.string().describe("where it lies"),
    node: z.string(),
    storage: z.string().describe("where it is brought to; what is restored of it, a dry run says when it is there"),
    doubts: z.array(z.string()).describe("what somebody has done to the copy since it was written"),
  }),
});

/** What is fetched, for people and scripts. */
export function fetchView({ archive, volid, node, bucket }: ArchiveToFetch): Report {
  const [storage = ""] = volid.split(":", 1);
  const { name, time, bytes: size, doubts } = archive;
  return {
    value: { fetch: { archive: name, time, bytes: size, bucket, node, storage, doubts } },
    print: (lines) => {
      lines.heading(`Plan: fetch ${name}`);
      lines.hanging("  from: ", `${bucket}, of ${formatMoment(time * 1_000)}, ${formatBytes(size)}`);
      lines.hanging(
        "  to: ",
        `${storage} on ${node}, under its own name; then it is restored like every archive there`,
      );
      for (const doubt of doubts) lines.hanging("  look: ", `somebody has changed this copy since: ${doubt}`);
    },
  };
}

/** Brings it to the storage, when somebody has agreed. @throws CommandError (1, 2, 13), StoreError, GuestUnreachable */
export async function fetchArchive({ context }: GuestSession, found: ArchiveToFetch, force: boolean): Promise<void> {
  fetchView(found).print(context.talk);
  const question = `Fetch ${found.archive.name} (${formatBytes(found.archive.bytes)})?`;
  const demand = { flag: forceFlag, reason: "the plan is not confirmed", question };
  await confirm([demand], { [forceFlag]: force }, context);
  await context.progress.step(`Fetch ${found.archive.name}`, (progress) => found.fetch(progress));
}
