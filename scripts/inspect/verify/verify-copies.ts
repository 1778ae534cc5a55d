import { formatMoment } from "../../terminal/durations";
import type { CopyMarker } from "../../../site/state-copies/copy-marker";
import { clockSkew } from "../../../site/state-copies/freshness";
import { ownAddresses } from "../../../site/state/own-addresses";
import { failureOf } from "../../clients/failure";
import { StoreError } from "../../clients/object-store/object-store";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment, Site } from "../../project/site";
import { type CopyObjects, laterUpdate, listCopy } from "../../recovery/steps/state/copies/copy-facts";
import { type CopyPlace, folderOfSettings, offsiteOfSettings } from "../../recovery/steps/state/copies/copy-places";
import { readPresent } from "../../recovery/steps/state/present-state";
import type { StateAccess } from "../../recovery/steps/state/state-access";
import type { StateSecrets } from "../../recovery/steps/state/state-secrets";
import { type CheckedStates, verifyState } from "./verify-state";

/** What checking one place with a copy of a stack's states found. */
export type CopyReport =
  /** `problems`: what is wrong with the copy as a whole. */
  | ({ readonly where: string; readonly problems: readonly string[]; readonly mend: string } & CheckedStates)
  /** It could not be looked at. */
  | { readonly where: string; readonly error: string };

export interface CheckedCopies {
  readonly reports: readonly CopyReport[];
  /** Places that hold nothing and should, told like one that cannot be looked at: a disk may not be mounted. */
  readonly missing: readonly CopyReport[];
  /** Keys of history and saved states that the copies have. */
  readonly keys: readonly string[];
}

/**
 * Checks the copies of an environment's states in the places of the settings. A place that cannot be looked at keeps no other
 * from being checked. One that holds nothing should hold a copy where the settings name it, or where no other place has one.
 *
 * @param progress is called with how many of how many objects of one place are done.
 */
export async function verifyCopies(
  context: CommandContext,
  site: Site,
  environment: LoadedEnvironment,
  secrets: StateSecrets,
  progress: (done: number, all: number) => void,
): Promise<CheckedCopies> {
  const own = { addresses: ownAddresses(environment.settings), variables: context.io.environment };
  const wanted = { known: [], versions: false, own };
  const reports: CopyReport[] = [];
  const empty: Missing[] = [];
  const keys: string[] = [];
  for (const { name, isNamed, open, mend } of placesOf(context, site, environment)) {
    let where = name;
    try {
      const place = await open();
      where = place.name;
      const access = {
        place: { project: environment.project.name, stack: environment.name },
        store: place.of(environment.name),
      };
      const objects = await listCopy(access);
      if (!holdsAny(objects)) {
        empty.push({ where, isNamed, mend });
        continue;
      }
      keys.push(...[...objects.history, ...objects.saved].map(({ key }) => key));
      const checked = await verifyState(access, objects, secrets, wanted, progress);
      const problems = await copyProblems(access, objects, Date.now());
      reports.push({ where, problems, mend, ...checked });
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof StoreError && error.kind === "no-bucket") {
        empty.push({ where, isNamed, mend });
        continue;
      }
      const { message, stack } = failureOf(error, `check the copy of the states of ${environment.name}`);
      if (stack !== undefined) throw error;
      reports.push({ where, error: message });
    }
  }
  const missing = environment.stateStore() === undefined ? [] : missingOf(environment.name, empty, reports);
  return { reports, missing, keys };
}

interface Missing {
  readonly where: string;
  readonly isNamed: boolean;
  readonly mend: string;
}

function missingOf(environment: string, empty: readonly Missing[], reports: readonly CopyReport[]): CopyReport[] {
  return empty
    .filter(({ isNamed }) => isNamed || reports.length === 0)
    .map(({ where, mend }) => ({ where, error: `there is no copy of ${environment}; copy it: ${mend}` }));
}

interface OpenPlace {
  readonly name: string;
  /** The settings name it. */
  readonly isNamed: boolean;
  readonly open: () => Promise<CopyPlace>;
  /** The command that copies to it. */
  readonly mend: string;
}

function placesOf({ io, signal }: CommandContext, site: Site, environment: LoadedEnvironment): OpenPlace[] {
  const { environment: variables, workingDirectory } = io;
  const places = { site, variables, workingDirectory, reach: { signal } };
  const store = environment.stateStore();
  const mend = `lifeboat backup state ${environment.name}`;
  const folder: OpenPlace = {
    name: "the folder of copies",
    isNamed: store?.store.copies.folder !== undefined,
    open: async () => folderOfSettings(places),
    mend,
  };
  if (store?.store.copies.offsite === undefined) return [folder];
  const open = (): Promise<CopyPlace> => offsiteOfSettings(store, places);
  return [folder, { name: "the second S3 service", isNamed: true, open, mend: `${mend} --to offsite` }];
}

function holdsAny({ present, history, saved, marker }: CopyObjects): boolean {
  return present !== undefined || marker !== undefined || history.length + saved.length > 0;
}

/** Why a copy as a whole is not what a run leaves that came to its end. Its objects are judged one by one elsewhere. */
async function copyProblems(access: StateAccess, objects: CopyObjects, now: number): Promise<string[]> {
  const { present, marker } = objects;
  if (present === undefined) return ["a run that stopped half-way has left a history without a state"];
  const state = await readPresent(access, present);
  const problems = marker === undefined ? ["it does not say what it is, as after a run that stopped half-way"] : [];
  if (marker !== undefined) problems.push(...futureProblems(marker, now));
  if (state.checkpoint === undefined) return problems;
  if (marker !== undefined && marker.checkpoint.sha256 !== state.sha256) {
    problems.push("its state is not the one that its last whole run has copied: a run has stopped half-way");
  }
  const later = await laterUpdate(access, objects, state);
  if (later !== undefined) {
    problems.push(
      `its history has an update of ${formatMoment(later)}, which its state does not have: a run has stopped half-way`,
    );
  }
  return problems;
}

/** Nobody knows how old it is, and it would count as fresh until then. */
function futureProblems({ time, checkpoint }: CopyMarker, now: number): string[] {
  const latest = Math.max(time, checkpoint.modified);
  return latest > now + clockSkew
    ? [`it is dated ${formatMoment(latest)}, which is later than this machine's clock: nobody knows how old it is`]
    : [];
}
