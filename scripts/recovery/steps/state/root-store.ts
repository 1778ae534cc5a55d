import { parseStateStoreKeys } from "../../../../site/state-store/keys";
import type { ObjectStore } from "../../../clients/object-store/object-store";
import { storeUrl } from "../../../project/backend";
import type { CommandContext } from "../../../project/context";
import type { LoadedEnvironment } from "../../../project/environment";
import { openStateAt, type ReachOptions } from "../../../project/state-backend";

/**
 * The bucket of an environment by the key of whoever runs the site's store: it is never refused, and knows every bucket.
 * Undefined where somebody else runs it, or the settings do not hold that key.
 *
 * @throws CommandError (12) when the key cannot be opened
 */
export async function rootStore(
  environment: LoadedEnvironment,
  context: Pick<CommandContext, "site" | "io" | "signal">,
  reach: ReachOptions = {},
): Promise<ObjectStore | undefined> {
  const store = environment.stateStore();
  if (store?.store.kind !== "container") return undefined;
  const text = await (await context.site()).environment(store.environment.name).secret("stateStoreKeys");
  const credentials = text === undefined ? undefined : parseStateStoreKeys(text)?.root;
  if (credentials === undefined) return undefined;
  const { io, signal } = context;
  return openStateAt(storeUrl(store, environment.name), environment, io.environment, { signal, ...reach, credentials });
}
