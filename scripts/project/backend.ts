import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { locationOf, s3Url } from "../../site/state-store/location";
import { identityOf } from "../../site/state-store/names";
import type { LoadedEnvironment } from "./environment";
import { environmentNames, type PulumiProject } from "./pulumi-project";
import type { SiteStore } from "./state-store";

type Variables = Readonly<Record<string, string | undefined>>;

/** Where Pulumi keeps the state of one environment, and why there. */
export interface Backend {
  url: string;
  /**
   * - `PULUMI_BACKEND_URL`, `Pulumi.yaml`: somebody has named it;
   * - `state store`: the site's own;
   * - `local state`: the site has a store, and this state is on this machine: not moved yet, or in a fallback;
   * - `last login`: what `pulumi login` left;
   * - `default`: on this machine.
   */
  origin: "PULUMI_BACKEND_URL" | "Pulumi.yaml" | "state store" | "local state" | "last login" | "default";
  /** Folder on this machine that has to exist before Pulumi uses it; only for Lifeboat's own. */
  folder: string | undefined;
}

type BackendOwner = Pick<LoadedEnvironment, "name" | "project" | "stateStore">;

/**
 * The backend of an environment's stack: `PULUMI_BACKEND_URL`, else `backend.url` of `Pulumi.yaml`, else where the site
 * declares a state store: this machine while a state of the stack is there, and the store's bucket otherwise; else the last
 * `pulumi login`, else {@link localBackend}. Every backend URL of Lifeboat comes from here.
 *
 * A `PULUMI_BACKEND_URL` that `lifeboat env` printed, for whichever environment, names nothing of its own: the shell that
 * has it may be older than the move of a state.
 *
 * @throws CommandError (2) when several environments declare a store, or the one that does has wrong settings.
 */
export function backendOf(environment: BackendOwner, variables: Variables): Backend {
  const { project } = environment;
  const store = environment.stateStore();
  const named = variables["PULUMI_BACKEND_URL"];
  if (named !== undefined && named !== "" && !isOwn(named, project, store, variables)) {
    return { url: named, origin: "PULUMI_BACKEND_URL", folder: undefined };
  }
  if (project.backendUrl !== undefined) return { url: project.backendUrl, origin: "Pulumi.yaml", folder: undefined };
  if (store !== undefined) return ofStore(environment, store, variables);
  // The variable goes before a login, also when its value is Lifeboat's own default.
  const login = named === undefined || named === "" ? lastLogin(variables) : undefined;
  if (login !== undefined) return { url: login, origin: "last login", folder: undefined };
  return { ...localBackend(project, variables), origin: "default" };
}

function ofStore({ name, project }: BackendOwner, store: SiteStore, variables: Variables): Backend {
  const local = localBackend(project, variables);
  if (localStates(project, name, variables).length > 0) return { ...local, origin: "local state" };
  return { url: storeUrl(store, name), origin: "state store", folder: undefined };
}

/** The URL of an environment's bucket in the store, with the profile under which its key is written down. */
export function storeUrl(store: SiteStore, environmentName: string): string {
  return s3Url(locationOf(store, environmentName), identityOf(environmentName));
}

/** Lifeboat's own backend on this machine: `$XDG_DATA_HOME/lifeboat/<project>/pulumi` (`~/.local/share/…`). */
export function localBackend(project: PulumiProject, variables: Variables): { url: string; folder: string } {
  const folder = join(dataHome(variables), "lifeboat", project.name, "pulumi");
  return { url: pathToFileURL(folder).href, folder };
}

/** Paths of the state of a stack in {@link localBackend}: one, or several where its compression was changed. */
export function localStates(project: PulumiProject, environmentName: string, variables: Variables): string[] {
  const { folder } = localBackend(project, variables);
  const place = join(folder, ".pulumi", "stacks", project.name, `${environmentName}.json`);
  return ["", ".gz", ".zst"].map((end) => place + end).filter((path) => existsSync(path));
}

function isOwn(url: string, project: PulumiProject, store: SiteStore | undefined, variables: Variables): boolean {
  if (url === localBackend(project, variables).url) return true;
  return store !== undefined && environmentNames(project).some((name) => storeUrl(store, name) === url);
}

/** `$XDG_DATA_HOME`, `~/.local/share` by default: for what people would miss. */
export function dataHome(variables: Variables): string {
  const configured = variables["XDG_DATA_HOME"];
  if (configured !== undefined && isAbsolute(configured)) return configured;
  return join(variables["HOME"] ?? homedir(), ".local", "share");
}

/** Where Pulumi of this user keeps its login and its plugins. */
export function pulumiHome(variables: Variables): string {
  return variables["PULUMI_HOME"] || join(variables["HOME"] || homedir(), ".pulumi");
}

const credentialsSchema = z.object({ current: z.string().optional() });

/** What `pulumi login` wrote down. Only the URL is read from that file, nothing else. */
export function lastLogin(variables: Variables): string | undefined {
  try {
    const text = readFileSync(join(pulumiHome(variables), "credentials.json"), "utf8");
    const { current } = credentialsSchema.parse(JSON.parse(text));
    return current === "" ? undefined : current;
  } catch {
    return undefined;
  }
}
