import { localBackend, storeUrl } from "../../project/backend";
import { openStateAt } from "../../project/state-backend";
import type { SiteStore } from "../../project/state-store";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { StateAccess } from "../steps/state/state-access";
import type { StackWork } from "./stack-work";

/** URL of the backend on this machine. */
export function hereOf({ environment, context }: StackWork): string {
  return localBackend(environment.project, context.io.environment).url;
}

/** URL of the stack's bucket in the state store. @throws CommandError (13) */
export function thereOf(work: StackWork): string {
  return storeUrl(requireStore(work), work.selector);
}

/** @throws CommandError (13) where the settings declare none any more */
export function requireStore({ environment }: StackWork): SiteStore {
  const store = environment.stateStore();
  if (store !== undefined) return store;
  throw new CommandError("the settings declare no state store any more", { exitCode: exitCodes.refused });
}

/** @throws CommandError (12) */
export async function accessTo({ environment, context, selector }: StackWork, url: string): Promise<StateAccess> {
  const store = await openStateAt(url, environment, context.io.environment, { signal: context.signal });
  if (store === undefined) throw new Error(`${url} is neither a folder nor a bucket`);
  return { store, place: { project: environment.project.name, stack: selector } };
}
