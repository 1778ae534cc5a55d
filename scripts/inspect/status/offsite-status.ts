import { ProxmoxError } from "../../../proxmox/api/errors";
import { longestGap } from "../../../site/policies/objectives";
import type { CopiedDump } from "../../../site/offsite/copied-dumps";
import type { CopiedArchive } from "../../../site/offsite/copied-archives";
import { archivesOfEnvironment, dumpsOfGuest, offsitePlace } from "../../../site/offsite/places";
import type { ArchiveChoice, Environment } from "../../../site/settings/environment";
import { StoreError } from "../../clients/object-store/object-store";
import { OffsiteArchives } from "../../clients/offsite-archives";
import { OffsiteDumps } from "../../clients/offsite-dumps";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import { openOffsite } from "../../project/offsite-bucket";
import { nodeClock } from "../../recovery/steps/guest/node-facts";
import { CommandError } from "../../terminal/command-error";
import { inspectMirrors, mirrorProblems, type MirrorStatus } from "./mirror-status";

/** The copies of an environment's dumps in the bucket elsewhere (J2). */
export interface OffsiteStatus {
  place: string;
  copies: SourceCopies[];
  /** Copies of archives, of the guests that have some declared. */
  archives: ArchiveCopies[];
  /** Buckets of the site that are mirrored there. */
  mirrors: MirrorStatus[];
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

/** The copies of a guest's archives. */
interface ArchiveCopies {
  guest: string;
  choice: ArchiveChoice;
  /** Undefined: there is no whole copy. */
  newest: { archive: string; time: number; bytes: number } | undefined;
  count: number;
  doubts: string[];
}

/** Seconds that an archive may take: to be made, and to be sent over a slow line. */
const archiveGrace = 24 * 3_600;

const week = 7 * 86_400;

/** Seconds that a dump and its copy may take. */
const grace = 2 * 3_600;

/** Seconds that a clock may be ahead, and a time zone may be unknown by. */
const furthest = 86_400;

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
    const { now, timeZone } = await clockOf(environment);
    const latest = now + furthest;
    const copies = await Promise.all(
      environment.settings.guests.map(async ({ name, data }) => {
        if (data.length === 0) return [];
        const dumps = await new OffsiteDumps(store, dumpsOfGuest(environment.name, name)).list();
        return data.map((source) => copiesOf(name, source.name, dumps, latest));
      }),
    );
    const archives = await Promise.all(
      environment.settings.guests.map(async ({ name, offsite: choice }) => {
        if (choice === undefined) return [];
        const folder = `${archivesOfEnvironment(environment.name)}/${name}`;
        return [archivesOf(name, choice, await new OffsiteArchives(store, folder).list(timeZone), latest)];
      }),
    );
    const mirrors = await inspectMirrors(environment.settings, store, latest);
    return { place, copies: copies.flat(), archives: archives.flat(), mirrors, trouble: undefined };
  } catch (error) {
    if (error instanceof StoreError || error instanceof CommandError)
      return { place, copies: [], archives: [], mirrors: [], trouble: error.message };
    throw error;
  }
}

/** Whoever can write there can write names of any time: one of the future says nothing of how new the newest is. */
function doubtsOf(
  copies: readonly { readonly name: string; readonly time: number; readonly doubts: readonly string[] }[],
  latest: number,
): string[] {
  return copies.flatMap(({ name, time, doubts }) => [
    ...doubts.map((doubt) => `${name}: ${doubt}`),
    ...(time > latest ? [`${name}: its name is of a time that is still to come`] : []),
  ]);
}

/** @param latest unix seconds after which no copy can have been made yet */
function copiesOf(guest: string, source: string, dumps: readonly CopiedDump[], latest: number): SourceCopies {
  const own = dumps.filter((dump) => dump.source === source).sort((a, b) => b.time - a.time);
  const first = own.find(({ time }) => time <= latest);
  return {
    guest,
    source,
    newest: first && { dump: first.name, time: first.time, bytes: first.bytes },
    count: own.length,
    doubts: doubtsOf(own, latest),
  };
}

function archivesOf(
  guest: string,
  choice: ArchiveChoice,
  found: readonly CopiedArchive[],
  latest: number,
): ArchiveCopies {
  const first = found.find(({ time }) => time <= latest);
  return {
    guest,
    choice,
    newest: first && { archive: first.name, time: first.time, bytes: first.bytes },
    count: found.length,
    doubts: doubtsOf(found, latest),
  };
}

/** The same of archives: one that goes once a week may be a week older. */
function archiveProblems(
  { name, backup }: Pick<Environment, "name" | "backup">,
  archives: readonly ArchiveCopies[],
  { now, timeZone }: { readonly now: number; readonly timeZone: string },
): string[] {
  const gap = longestGap(backup.schedule, now, timeZone);
  const log = `/var/log/lifeboat/archives-${name}.log of its node says why`;
  return archives.flatMap(({ guest, choice, newest, doubts }) => {
    const longest = gap && gap.to - gap.from + archiveGrace + (choice === "weekly" ? week : 0);
    const age =
      newest === undefined
        ? [`no archive of ${guest} lies elsewhere: ${log}`]
        : longest !== undefined && now - newest.time > longest
          ? [`the newest archive of ${guest} elsewhere is older than its schedule (${newest.archive}): ${log}`]
          : [];
    return [
      ...age,
      ...doubts.map((doubt) => `somebody has changed a copy of an archive of ${guest} elsewhere: ${doubt}`),
    ];
  });
}

/** Names of archives have the node's own time. Where it does not answer, nobody knows better than this machine, and UTC. */
async function clockOf(environment: LoadedEnvironment): Promise<{ readonly now: number; readonly timeZone: string }> {
  const { settings } = environment;
  const own = { now: Date.now() / 1_000, timeZone: "UTC" };
  if (settings.guests.every(({ offsite }) => offsite === undefined)) return own;
  try {
    const { time, timezone } = await nodeClock(await environment.client(), settings.proxmox.node);
    return { now: Math.max(own.now, time), timeZone: timezone };
  } catch (error) {
    if (error instanceof ProxmoxError || error instanceof CommandError) return own;
    throw error;
  }
}

/**
 * What is wrong with copies elsewhere, for people: also that nobody could look, for a copy that somebody relies on is never silently none.
 *
 * @param now unix seconds
 */
export function offsiteProblems(
  { name, guests, backup }: Pick<Environment, "name" | "guests" | "backup">,
  { copies, archives, mirrors, trouble, place }: OffsiteStatus,
  { now, timeZone }: { readonly now: number; readonly timeZone: string },
): string[] {
  if (trouble !== undefined) return [`copies elsewhere (${place}) cannot be looked at: ${trouble}`];
  const ofDumps = copies.flatMap(({ guest, source, newest, doubts }) => {
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
  const ofArchives = archiveProblems({ name, backup }, archives, { now, timeZone });
  return [...ofDumps, ...ofArchives, ...mirrorProblems(name, mirrors, now)];
}
