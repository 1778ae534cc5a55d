/** One call from route to answer, in Proxmox's order (PVE::HTTPServer::rest_handler). */
import type { SignedIn } from "../calls/sign-in";
import { runHaManager } from "../guests/ha-manager";
import { hasQuorum } from "../guests/resources";
import { enforceFirewall } from "../guests/containers/enforce-firewall";
import type { Node } from "../model/site";
import { Answer, type Endpoint, type Method } from "../calls/endpoint";
import { death, parameterFailure, permissionFailure } from "../protocol/failure";
import { checkParameters } from "../protocol/parameter-check";
import type { RawValue } from "../protocol/parameters";
import { checkPermissions } from "../calls/permission-check";
import type { Route, Router } from "./router";

export interface Request {
  method: Method;
  /** Percent-decoded path below `/api2/json`. */
  path: string;
  sent: ReadonlyMap<string, RawValue>;
  signedIn: SignedIn;
}

/** Not answered by an operation: 501 for a path or method that is not there, 595 for a node that cannot be reached. */
export class NotServed extends Error {
  readonly status: number;
  readonly hasBody: boolean;

  constructor(status: number, message: string, hasBody: boolean) {
    super(message);
    this.status = status;
    this.hasBody = hasBody;
  }
}

/** Answers a call that `asked` received. */
export async function dispatch(router: Router, asked: Node, request: Request): Promise<Answer> {
  const route = router.find(request.method, request.path);
  if (route === undefined) throw new NotServed(501, `Method '${request.method} ${request.path}' not implemented`, true);
  const sent = mergedParameters(route, request.sent);
  if (request.signedIn.usesToken && route.endpoint.allowToken === false) {
    throw permissionFailure(`URI '${request.path}' not available with API token, need proper ticket.\n`);
  }
  const { cluster } = asked;
  const authority = cluster.authority(request.signedIn.caller);
  checkPermissions(route.endpoint.permissions, { authority, access: cluster.state.access, sent });
  const node = route.parameters.has("node") ? nodeOf(asked, route.parameters.get("node") ?? "") : asked;
  await runHaManager(cluster);
  if (writesConfiguration(request) && !hasQuorum(cluster)) throw death("cluster not ready - no quorum?");
  return run(route.endpoint, {
    site: cluster.site,
    cluster,
    node,
    caller: request.signedIn.caller,
    authority,
    parameters: checkParameters(route.endpoint.parameters, sent),
  });
}

/**
 * Whether a call writes below /etc/pve, which takes a quorum (PVE::Cluster::check_cfs_quorum). Signing in, looking, stopping a
 * guest or a task and whatever works on a volume alone do not. A start does: it is refused, so that no guest runs twice.
 */
function writesConfiguration({ method, path }: Request): boolean {
  if (method === "GET") return false;
  return !/^\/access\/ticket$|\/status\/(?:stop|shutdown)$|\/tasks\/|\/agent\/|\/storage\/[^/]+\/(?:content|prunebackups)/u.test(
    path,
  );
}

async function run(endpoint: Endpoint, call: Parameters<Endpoint["handler"]>[0]): Promise<Answer> {
  try {
    const result = await endpoint.handler(call);
    return result instanceof Answer ? result : new Answer(result);
  } finally {
    if (endpoint.method !== "GET") {
      call.site.save();
      await enforceFirewall(call.site);
    }
  }
}

/** Parameters of path and request; one that is in both must be equal. */
function mergedParameters(route: Route, sent: ReadonlyMap<string, RawValue>): Map<string, RawValue> {
  const merged = new Map<string, RawValue>(route.parameters);
  for (const [name, value] of sent) {
    const inPath = route.parameters.get(name);
    if (inPath !== undefined && inPath !== value) {
      throw parameterFailure({ [name]: "duplicate parameter (already defined in URI) with conflicting values!" });
    }
    merged.set(name, value);
  }
  return merged;
}

/** The node that a path names: this one, or another of the cluster, to which the call is passed on. */
function nodeOf(asked: Node, name: string): Node {
  if (name === "localhost" || name === asked.name) return asked;
  const node = asked.cluster.node(name);
  if (node === undefined) {
    throw death(
      `hostname lookup '${name}' failed - failed to get address info for: ${name}: Temporary failure in name resolution`,
    );
  }
  if (asked.cluster.site.faults.hit("node-unreachable", { node: name }) !== undefined) {
    throw new NotServed(595, "No route to host", false);
  }
  return node;
}
