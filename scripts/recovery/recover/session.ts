import type { Profile } from "../../../site/settings/environment";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment, Site } from "../../project/site";
import type { NodeMapping } from "../../../site/replaced-node/node-mapping";
import type { RenamedSettings } from "../../project/rename-settings";
import { proposeAll, requireRenamed } from "./renamed-node";
import { usageError } from "../../terminal/command-error";
import { failureOf } from "../../clients/failure";
import type { GivenAnswers } from "../engine/consent";
import { type Session, stateOf } from "../engine/session";
import type { Finding } from "../engine/step";
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

/** The last look at everything, when all is done: what is not in order. */
export type LastCheck = (environments: readonly string[], context: CommandContext) => Promise<readonly Finding[]>;

/** What is left of data that is newer than the archives from which guests (`prod/web`) came back, at unix seconds. */
export type NewerData = (
  guests: readonly { readonly guest: string; readonly time: number }[],
  context: CommandContext,
) => Promise<readonly Finding[]>;

/** What a recovery looks at when the guests are back. */
export interface LastLooks {
  readonly check: LastCheck;
  readonly newerData: NewerData;
}

/** A command at work on a whole site. */
export interface SiteSession extends Session, LastLooks {
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
  const asked = { ...request, only: named(request.only), skip: named(request.skip) };
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
    ...looks,
    chosen: wanted.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1)),
    unusable: unusable.map(({ name, error }) => ({
      severity: "problem",
      text: `nothing can be done with ${name}: ${failureOf(error, undefined).reason}`,
      mend: `lifeboat doctor ${name}`,
    })),
  };
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
