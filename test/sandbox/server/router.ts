import type { Endpoint, Method } from "../calls/endpoint";

/** What the path of a request says. */
export interface Route {
  endpoint: Endpoint;
  /** Values of the path's parameters. */
  parameters: ReadonlyMap<string, string>;
}

/** Parameters that take the rest of the path, slashes included: volume ids and networks. */
const REST = new Set(["{volume}", "{cidr}"]);

interface Branch {
  fixed: Map<string, Branch>;
  parameter: { name: string; branch: Branch } | undefined;
  endpoints: Map<string, Endpoint>;
}

/** Finds the operation of a request. Empty parts of a path (double and trailing slashes) do not count. */
export class Router {
  readonly #root: Branch = emptyBranch();

  constructor(endpoints: readonly Endpoint[]) {
    for (const endpoint of endpoints) this.#add(endpoint);
  }

  /** @param path percent-decoded path below the format, such as `/nodes/pve/status` */
  find(method: Method, path: string): Route | undefined {
    const parts = splitPath(path);
    const parameters = new Map<string, string>();
    let branch = this.#root;
    for (const [depth, part] of parts.entries()) {
      const fixed = branch.fixed.get(part);
      if (fixed !== undefined) branch = fixed;
      else if (branch.parameter === undefined) return undefined;
      else {
        const { name } = branch.parameter;
        branch = branch.parameter.branch;
        const takesRest = REST.has(name);
        parameters.set(name.slice(1, -1), takesRest ? parts.slice(depth).join("/") : part);
        if (takesRest) break;
      }
    }
    const endpoint = branch.endpoints.get(method);
    return endpoint === undefined ? undefined : { endpoint, parameters };
  }

  #add(endpoint: Endpoint): void {
    let branch = this.#root;
    for (const part of splitPath(endpoint.path)) {
      if (!part.startsWith("{")) branch = getOrAdd(branch.fixed, part);
      else {
        branch.parameter ??= { name: part, branch: emptyBranch() };
        if (branch.parameter.name !== part) throw new Error(`${endpoint.path}: also known as ${branch.parameter.name}`);
        branch = branch.parameter.branch;
      }
    }
    if (branch.endpoints.has(endpoint.method)) throw new Error(`${endpoint.method} ${endpoint.path} is there twice`);
    branch.endpoints.set(endpoint.method, endpoint);
  }
}

function emptyBranch(): Branch {
  return { fixed: new Map(), parameter: undefined, endpoints: new Map() };
}

function getOrAdd(branches: Map<string, Branch>, part: string): Branch {
  const branch = branches.get(part) ?? emptyBranch();
  branches.set(part, branch);
  return branch;
}

function splitPath(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}
