import { longestGap } from "../../../site/policies/objectives";
import type { CopiedDump } from "../../../site/offsite/copied-dumps";
import { dumpsOfGuest } from "../../../site/offsite/places";
import type { Environment } from "../../../site/settings/environment";
import { StoreError } from "../../clients/object-store/object-store";
import { OffsiteDumps } from "../../clients/offsite-dumps";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import { offsitePlace, openOffsite } from "../../project/offsite-bucket";
import { CommandError } from "../../terminal/command-error";

/** The copies of an environment's dumps in the bucket elsewhere (J2). */
export interface OffsiteStatus {
  place: string;
  copies: SourceCopies[];
  /** Why nobody could look. */
  trouble: string | undefined;
}

/** The copies of one data source. */
interface SourceCopies {
  guest: string;
  source: string;
  /** Undefined: there is no whole copy. */
  newest: { dump: string; time: number; bytes: number } | undefined;
  count: number;
  /** What somebody has done to copies since they were written. */
  doubts: string[];
}

/** Seconds that a dump and its copy may take. */
const grace = 2 * 3_600;

/** Status must not hang over a service that is down. */
const quick = { connectTimeout: 2_000, attempts: 1 };

/** Undefined where the environment declares none. Read only. */
export async function inspectOffsite(
  environment: LoadedEnvironment,
  { signal }: CommandContext,
): Promise<OffsiteStatus | undefined> {
  const { offsite } = environment.settings;
  if (offsite === undefined) return undefined;
  const place = offsitePlace(offsite);
  try {
    const store = await openOffsite(environment, { signal, ...quick });
    const copies = await Promise.all(
      environment.settings.guests.map(async ({ name, data }) => {
        if (data.length === 0) return [];
        const dumps = await new OffsiteDumps(store, dumpsOfGuest(environment.name, name)).list();
        return data.map((source) => copiesOf(name, source.name, dumps));
      }),
    );
    return { place, copies: copies.flat(), trouble: undefined };
  } catch (error) {
    if (error instanceof StoreError || error instanceof CommandError)
      return { place, copies: [], trouble: error.message };
    throw error;
  }
}

function copiesOf(guest: string, source: string, dumps: readonly CopiedDump[]): SourceCopies {
  const own = dumps.filter((dump) => dump.source === source).sort((a, b) => b.time - a.time);
  const [first] = own;
  return {
    guest,
    source,
    newest: first && { dump: first.name, time: first.time, bytes: first.bytes },
    count: own.length,
    doubts: own.flatMap(({ name, doubts }) => doubts.map((doubt) => `${name}: ${doubt}`)),
  };
}

/**
 * What is wrong with copies elsewhere, for people: also that nobody could look, for a copy that somebody relies on is never silently none.
 *
 * @param now unix seconds
 */
export function offsiteProblems(
  { name, guests }: Pick<Environment, "name" | "guests">,
  { copies, trouble, place }: OffsiteStatus,
  { now, timeZone }: { readonly now: number; readonly timeZone: string },
): string[] {
  if (trouble !== undefined) return [`copies elsewhere (${place}) cannot be looked at: ${trouble}`];
  return copies.flatMap(({ guest, source, newest, doubts }) => {
    const declared = guests.find((one) => one.name === guest)?.data.find((one) => one.name === source);
    const gap = declared && longestGap(declared.at, now, timeZone);
    const longest = gap === undefined ? undefined : gap.to - gap.from + grace;
    const who = `${guest}/${source}`;
    const log = `the guest's /var/log/lifeboat/offsite.log says why`;
    const age =
      newest === undefined
        ? [`no dump of ${who} lies elsewhere: ${log}`]
        : longest !== undefined && now - newest.time > longest
          ? [`the newest copy of ${who} elsewhere is older than its schedule (${newest.dump}): ${log}`]
          : [];
    const [doubt, ...others] = doubts;
    const more = others.length === 0 ? "" : ` and ${String(others.length)} more`;
    const touched =
      doubt === undefined
        ? []
        : [
            `somebody has changed copies of ${who} elsewhere: ${doubt}${more}; see docs/runbooks/ransomware.md (${name})`,
          ];
    return [...age, ...touched];
  });
}
