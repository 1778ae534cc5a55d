import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

type Variables = Readonly<Record<string, string | undefined>>;

/** `$XDG_STATE_HOME/lifeboat`, below `~/.local/state` by default: everything that Lifeboat remembers on this machine. */
export function stateHome(variables: Variables): string {
  return join(xdgStateHome(variables), "lifeboat");
}

/** Name of an environment's folder there: `prod@192.0.2.11_8006`. */
export function siteFolderName(environment: string, endpoint: string): string {
  const host = new URL(endpoint).host.replace(/[^A-Za-z0-9.-]/g, "_");
  return `${environment.replace(/[^A-Za-z0-9._-]/g, "_")}@${host}`;
}

/** The XDG base directory specification: a relative path counts as unset. */
function xdgStateHome(variables: Variables): string {
  const configured = variables["XDG_STATE_HOME"];
  if (configured !== undefined && isAbsolute(configured)) return configured;
  return join(variables["HOME"] ?? homedir(), ".local", "state");
}
