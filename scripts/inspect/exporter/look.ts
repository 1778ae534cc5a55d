import type { MissingPrivilege } from "../../../proxmox/api/permissions";
import { type Gap, longestGap } from "../../../site/policies/objectives";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
import { readProofs } from "../../recovery/drill/history";
import { stateOf } from "../../recovery/engine/session";
import { type ReadLog, wholeLog } from "../status/backup-runs";
import { type EnvironmentStatus, statusOf } from "../status/environment-status";
import { isTaken } from "../status/ownership";
import { type EnvironmentFacts, readEnvironment } from "../status/read-environment";
import { surroundingOf, type Surroundings } from "../status/surroundings";
import { inspectJournals, type JournalStatus } from "../status/unfinished";
import { CachedAnswers } from "./cached-answers";
import { type CertificateEnd, readCertificateEnds } from "./certificates";
import { type DataLook, lookAtData } from "./data-look";
import { missingToExport } from "./missing";
import { lookAtState, type StateLook } from "./state-look";

/** What a look at an environment has seen. */
export interface EnvironmentLook {
  readonly environment: LoadedEnvironment;
  readonly facts: EnvironmentFacts;
  readonly status: EnvironmentStatus;
  readonly journals: JournalStatus;
  readonly state: StateLook | undefined;
  readonly certificates: readonly CertificateEnd[];
  readonly data: DataLook;
  /** Seconds at most between two starts of the job, of drills, of copies of the state. Undefined: there is no such schedule. */
  readonly jobGap: number | undefined;
  readonly drillGap: number | undefined;
  readonly copyGap: number | undefined;
}

/** An environment has three, which are worked out anew each day. */
const schedulesAtMost = 8;

/** What is remembered of an environment from look to look. */
export class LookMemory {
  readonly answers = new CachedAnswers();
  private logs = new Map<string, readonly string[]>();
  private gaps = new Map<string, Gap | undefined>();
  private used = new Set<string>();

  /** The log of a task that has ended never changes. */
  readonly readLog: ReadLog = async (client, upid) => {
    const log = this.logs.get(upid) ?? (await wholeLog(client, upid));
    this.logs.set(upid, log);
    this.used.add(upid);
    return log;
  };

  /** Worked out once a day: a schedule of every minute has half a million starts to look at. */
  gapOf(schedule: string, now: number, timeZone: string): number | undefined {
    const key = `${String(Math.floor(now / 86_400))} ${timeZone} ${schedule}`;
    if (!this.gaps.has(key)) {
      if (this.gaps.size > schedulesAtMost) this.gaps.clear();
      this.gaps.set(key, longestGap(schedule, now, timeZone));
    }
    const gap = this.gaps.get(key);
    return gap && gap.to - gap.from;
  }

  /** To be called when a look has ended. */
  tidy(): void {
    this.answers.tidy();
    this.logs = new Map([...this.logs].filter(([upid]) => this.used.has(upid)));
    this.used = new Set();
  }
}

/** What the token lacks. @throws ProxmoxError, CommandError (2, 12) */
export async function lookForMissing(environment: LoadedEnvironment): Promise<MissingPrivilege[]> {
  return missingToExport(await environment.client(), environment.settings);
}

/** Looks at an environment: everything that `lifeboat status` sees, and what only a monitoring wants. Read only. */
export async function lookAt(
  environment: LoadedEnvironment,
  surroundings: Surroundings,
  memory: LookMemory,
  context: CommandContext,
): Promise<EnvironmentLook> {
  const { settings } = environment;
  const journals = inspectJournals(environment, context);
  const proofs = readProofs(stateOf(environment, context).path);
  const ids = new Set(settings.guests.map(({ id }) => id));
  const client = memory.answers.over(await environment.client(), ids);
  const { here, others } = surroundingOf(environment, surroundings);
  const [facts, state, certificates] = await Promise.all([
    readEnvironment(client, environment, here, { proofs, readLog: memory.readLog, isFrequent: true }),
    lookAtState(environment, surroundings.site, context),
    readCertificateEnds(environment),
  ]);
  const { now, timeZone, onNode } = facts;
  const isAsked = settings.dataWatchers?.length !== 0;
  // Another guest that has the number of one is not asked how that one's data are.
  const own = settings.guests.filter((guest) => !isTaken(guest, facts.ownership.get(guest.id)));
  const data = isAsked ? await lookAtData(own, { client, onNode, signal: context.signal }) : new Map();
  const copies = environment.stateStore()?.store.copies.offsite;
  return {
    environment,
    facts,
    status: statusOf(environment, facts, others, journals),
    journals,
    state,
    certificates,
    data,
    jobGap: memory.gapOf(settings.backup.schedule, now, timeZone),
    drillGap: settings.drill && memory.gapOf(settings.drill.at, now, timeZone),
    // The timer in the store's guest runs by UTC.
    copyGap: copies && memory.gapOf(copies.schedule, now, "UTC"),
  };
}
