import type { Profile } from "../../../site/settings/environment";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment, Site } from "../../project/site";
import type { NodeMapping } from "../../../site/replaced-node/node-mapping";
import type { RenamedSettings } from "../../project/rename-settings";
import { mappingToFollow, mappingWords } from "./earlier-mapping";
import { proposeAll, requireRenamed } from "./renamed-node";
import { usageError } from "../../terminal/command-error";
import { failureOf } from "../../clients/failure";
import type { GivenAnswers } from "../engine/consent";
import { type Session, stateOf } from "../engine/session";
import type { Finding } from "../engine/step";
import type { ExitCode } from "../../terminal/exit-codes";
import type { GuestAsOf, NewerFrom, NewerLook, NewerSource } from "./newer-source";
import type { BareNode, DataCopy } from "./plan";
import type { SiteSubject } from "../engine/subject";

/** What a recovery was asked for. */
export interface RecoverRequest {
  /** Environments and guests (`prod`, `prod/web`) to bring back; empty: all. */
  readonly only: readonly string[];
  /** Those that are left as they are. */
  readonly skip: readonly string[];
  /** Where copies of states are, as a command line names it. Default: the folder of the settings. */
  readonly from: string | undefined;
  /** What a node that was replaced is called now. Undefined: every node has its name. */
  readonly mapping: NodeMapping | undefined;
  readonly parallel: number;
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
  /** Seconds that each check of a guest is repeated. */
  readonly checkSeconds: number;
  /** The command line that does the same again. */
  readonly command: string;
}

/** Data that are not brought to their latest point. */
export interface DataLeft {
  readonly all: boolean;
  /** `prod/web/shop`. */
  readonly sources: readonly string[];
}

/** The last look at everything, when all is done: what is not in order. */
export type LastCheck = (environments: readonly string[], context: CommandContext) => Promise<readonly Finding[]>;

/**
 * What is left of data that is newer than the archives from which guests came back.
 *
 * @param before unix seconds: when the recovery began
 */
export type LookForData = (guests: readonly GuestAsOf[], before: number, context: CommandContext) => Promise<NewerLook>;

/** Restores data of a source as the command does that is named for it, with every answer given. @throws what that operation throws */
export type BringData = (
  source: Pick<NewerSource, "guest" | "source">,
  from: NewerFrom,
  context: CommandContext,
) => Promise<ExitCode>;

/** The newest copy elsewhere of each source of a guest (`prod/web`), whose guest may be gone. */
export type LookForCopies = (guest: string, context: CommandContext) => Promise<readonly DataCopy[]>;

/** What a node lacks of what its saved configuration has of the node itself; undefined: nothing, or none was saved. */
export type LookForLacks = (
  environment: LoadedEnvironment,
  node: string,
  context: CommandContext,
) => Promise<BareNode | undefined>;

/** What a recovery looks at, and does, by the words of other commands. */
export interface LastLooks {
  readonly check: LastCheck;
  readonly newerData: LookForData;
  readonly copies: LookForCopies;
  readonly bringData: BringData;
  readonly nodeLacks: LookForLacks;
}

/** A command at work on a whole site. */
export interface SiteSession extends Session, LastLooks {
  /** What of data is left as the archives have it. */
  readonly dataLeft: DataLeft;
  readonly subject: SiteSubject;
  readonly site: Site;
  readonly asked: RecoverRequest;
  /** Those that are asked for, in the order in which they come back. */
  readonly chosen: readonly LoadedEnvironment[];
  /** Those whose settings are wrong. */
  readonly unusable: readonly Finding[];
  /** Settings that get the new names of a replaced node. They count already, and are written by the first step. */
  readonly renamed: readonly RenamedSettings[];
}

const order: readonly Profile[] = ["monitoring", "prod", "lab"];

/**
 * Makes everything ready for a site. Connects to nothing.
 *
 * @throws CommandError (2) for a name that the settings do not have, and where the settings of no environment can be used
 */
export async function openSiteSession(
  request: RecoverRequest,
  looks: LastLooks,
  context: CommandContext,
): Promise<SiteSession> {
  const found = await context.site();
  const named = (words: readonly string[]): string[] => words.map((word) => nameOf(word, found));
  const data = dataLeftBy(request.skip, found);
  const [keeper] = found.environments().usable;
  const mapping = keeper === undefined ? request.mapping : mappingToFollow(request.mapping, keeper, context);
  const words = request.mapping === undefined && mapping !== undefined ? mappingWords(mapping) : [];
  const asked = {
    ...request,
    mapping,
    command: [request.command, ...words].join(" "),
    only: named(request.only),
    skip: named(data.others),
  };
  const isWanted = ({ name }: LoadedEnvironment): boolean =>
    isAsked(asked, name) || asked.only.some((word) => word.startsWith(`${name}/`));
  const renamed = proposeAll(found.environments().usable.filter(isWanted), asked.mapping);
  const site =
    renamed.length === 0 ? found : found.proposing(new Map(renamed.map((one) => [one.environment, one.after])));
  if (site !== found) context.defer(() => site.close());
  const { usable, unusable } = site.environments();
  const [home] = usable;
  const [wrong] = unusable;
  if (home === undefined) throw wrong?.error ?? usageError("the project has no environment (Pulumi.<env>.yaml)");
  const owner = home.stateStore()?.environment.name;
  const rank = ({ name, settings }: LoadedEnvironment): number =>
    name === owner ? -1 : order.indexOf(settings.profile);
  const wanted = usable.filter(isWanted);
  if (asked.mapping !== undefined) requireRenamed(wanted, asked.mapping);
  const inner = { ...context, site: () => Promise.resolve(site) };
  return {
    context: inner,
    environment: home,
    subject: { kind: "site", environment: home.name },
    state: stateOf(home, inner),
    dryRun: asked.dryRun,
    selector: "the site",
    site,
    asked,
    renamed,
    dataLeft: data.left,
    ...looks,
    chosen: wanted.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1)),
    unusable: unusable.map(({ name, error }) => ({
      severity: "problem",
      text: `nothing can be done with ${name}: ${failureOf(error, undefined).reason}`,
      mend: `lifeboat doctor ${name}`,
    })),
  };
}

/** What `--skip` leaves out of the data, by `data` and `prod/web/shop`, and its other words. @throws CommandError (2) */
function dataLeftBy(
  words: readonly string[],
  site: Site,
): { readonly left: DataLeft; readonly others: readonly string[] } {
  const isAll = (word: string): boolean => word === allData && !site.environmentNames.includes(word);
  const sources = words.filter((word) => word.split("/").length === 3);
  const left = { all: words.some(isAll), sources: sources.map((word) => sourceName(word, site)) };
  return { left, others: words.filter((word) => !isAll(word) && !sources.includes(word)) };
}

/** What `--skip` calls all data. */
const allData = "data";

/** @throws CommandError (2) */
function sourceName(word: string, site: Site): string {
  const [environment = "", guest = "", source = ""] = word.split("/");
  const { guest: found } = site.findGuest(`${environment}/${guest}`);
  if (found.data.some(({ name }) => name === source)) return word;
  const known = found.data.map(({ name }) => name).join(", ");
  throw usageError(
    `${environment}/${guest} has no data of the name ${source}`,
    known === "" ? "the settings have no data for it" : `it has ${known}`,
  );
}

/** `prod`, or `prod/web` for a guest that is named in any way. @throws CommandError (2) */
function nameOf(word: string, site: Site): string {
  if (site.environmentNames.includes(word)) return word;
  const { environment, guest } = site.findGuest(word);
  return `${environment.name}/${guest.name}`;
}

/** Whether an environment, or a guest of one (`prod/web`), is asked for. */
export function isAsked(
  { only, skip }: Pick<RecoverRequest, "only" | "skip">,
  environment: string,
  guest?: string,
): boolean {
  const names = guest === undefined ? [environment] : [environment, `${environment}/${guest}`];
  if (names.some((name) => skip.includes(name))) return false;
  return only.length === 0 || names.some((name) => only.includes(name));
}
