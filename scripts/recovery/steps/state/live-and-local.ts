import { usageError } from "../../../terminal/command-error";
import { FolderStore } from "../../../clients/object-store/folder-store";
import { backendOf, localBackend, storeUrl } from "../../../project/backend";
import { openStateAt, type ReachOptions } from "../../../project/state-backend";
import type { SiteStore } from "../../../project/state-store";
import type { StackSession } from "../../engine/session";
import { rootStore } from "./root-store";
import type { StateAccess } from "./state-access";
import { recordFile } from "./fallback-record";

/** Both places where the state of an environment may live. */
export interface LiveAndLocal {
  readonly siteStore: SiteStore;
  /** The environment's bucket. */
  readonly store: StateAccess;
  /** Pulumi's backend on this machine. */
  readonly local: StateAccess;
  /** Its folder. */
  readonly localFolder: string;
  /** File that says whether the state is on this machine because of a fallback. */
  readonly record: string;
}

/**
 * Opens the bucket of an environment and the backend on this machine. Connects to nothing yet.
 *
 * @throws CommandError (2) where the site has no store, or where somebody has named another backend; (12)
 */
export async function openLiveAndLocal(
  { environment, context }: StackSession,
  reach: ReachOptions = {},
): Promise<LiveAndLocal> {
  const { environment: variables } = context.io;
  const { project, name } = environment;
  const siteStore = environment.stateStore();
  if (siteStore === undefined) {
    throw usageError(
      "no settings declare a state store",
      "there is nothing to fall back from; add lifeboat:stateStore to the environment that makes one",
    );
  }
  const { origin, url } = backendOf(environment, variables);
  if (origin === "PULUMI_BACKEND_URL" || origin === "Pulumi.yaml") {
    throw usageError(`its backend is named by ${origin}: ${url.split("?", 1)[0] ?? url}`, `take that out first`);
  }
  const bucket = await openStateAt(storeUrl(siteStore, name), environment, variables, {
    signal: context.signal,
    ...reach,
  });
  if (bucket === undefined) throw new Error("The URL of a bucket begins with s3://.");
  const { folder } = localBackend(project, variables);
  const place = { project: project.name, stack: name };
  return {
    siteStore,
    store: { place, store: bucket, root: () => rootStore(environment, context) },
    local: { place, store: new FolderStore(folder) },
    localFolder: folder,
    record: recordFile(project, name, variables),
  };
}
