import { join } from "node:path";
import type { NodeMapping } from "../../../site/replaced-node/node-mapping";
import { PulumiCli } from "../../clients/pulumi-cli/pulumi-cli";
import { pulumiPlace } from "../../project/pulumi-variables";
import { FolderStore } from "../../clients/object-store/folder-store";
import { localBackend, storeUrl } from "../../project/backend";
import type { LoadedEnvironment } from "../../project/environment";
import type { Site } from "../../project/site";
import { openStateAt } from "../../project/state-backend";
import type { SiteStore } from "../../project/state-store";
import type { CommandContext } from "../../project/context";
import { usageError } from "../../terminal/command-error";
import { openStackSession, type StackSession } from "../engine/session";
import { type CopyPlace, copyPlace } from "../steps/state/copies/copy-places";
import { rootStore } from "../steps/state/root-store";
import type { StateAccess } from "../steps/state/state-access";

/** A command at work on the store of a site, and on the stack that makes it. */
export interface RebuildSession extends StackSession {
  readonly site: Site;
  readonly siteStore: SiteStore;
  /** Where the copies are. */
  readonly place: CopyPlace;
  /** What a node that was replaced is called now. Undefined: every node has its name. */
  readonly mapping: NodeMapping | undefined;
}

/** The state store of a site. @throws CommandError (2) where the site has none */
export function storeIn(site: Site): SiteStore {
  const [first] = site.environmentNames;
  const siteStore = first === undefined ? undefined : site.environment(first).stateStore();
  if (siteStore !== undefined) return siteStore;
  throw usageError("no settings declare a state store", "add lifeboat:stateStore to the environment that makes one");
}

interface RebuildWish {
  /** Where the copies are, as a command line names it. Undefined: the folder of the settings. */
  readonly from: string | undefined;
  readonly dryRun: boolean;
  readonly mapping?: NodeMapping | undefined;
}

/**
 * Makes everything ready for a rebuild of a site's store.
 *
 * @throws CommandError (2, 12)
 */
export async function openRebuild(
  site: Site,
  siteStore: SiteStore,
  context: CommandContext,
  { from, dryRun, mapping }: RebuildWish,
): Promise<RebuildSession> {
  const { environment: variables, workingDirectory } = context.io;
  const reach = { signal: context.signal };
  const place = await copyPlace(from, { site, variables, workingDirectory, reach }, context.defer);
  return { ...(await openStackSession(siteStore.environment.name, context, dryRun)), site, siteStore, place, mapping };
}

/** The bucket of an environment, with the key that its settings hold now. @throws CommandError (12) */
export async function bucketAccess(
  { siteStore, context }: RebuildSession,
  environment: LoadedEnvironment,
): Promise<StateAccess> {
  const { name, project } = environment;
  const reach = { signal: context.signal };
  // A store that was made again has another certificate authority perhaps: asked anew.
  const url = storeUrl(environment.stateStore() ?? siteStore, name);
  const store = await openStateAt(url, environment, context.io.environment, reach);
  if (store === undefined) throw new Error("The URL of a bucket begins with s3://.");
  const root = () => rootStore(environment, context);
  return { store, place: { project: project.name, stack: name }, root };
}

/** An environment's state in Pulumi's backend on this machine. */
export function localAccess({ context }: RebuildSession, { name, project }: LoadedEnvironment): StateAccess {
  const { folder } = localBackend(project, context.io.environment);
  return { store: new FolderStore(folder), place: { project: project.name, stack: name } };
}

/** The copy of an environment's state. */
export function copyAccess({ place }: RebuildSession, { name, project }: LoadedEnvironment): StateAccess {
  return { store: place.of(name), place: { project: project.name, stack: name } };
}

/** Folder for what `pulumi` prints. */
export function logsOf({ state }: Pick<RebuildSession, "state">): string {
  return join(state.path, "pulumi");
}

/** The `pulumi` program on the stack that makes the store, where its state is now. */
export async function ownerCli(
  { site, siteStore, context, state }: RebuildSession,
  extra: Readonly<Record<string, string>> = {},
): Promise<PulumiCli> {
  const environment = site.environment(siteStore.environment.name);
  const { place } = await pulumiPlace(environment, context.io.environment);
  return new PulumiCli({
    ...place,
    variables: { ...place.variables, ...extra },
    logs: logsOf({ state }),
  });
}
