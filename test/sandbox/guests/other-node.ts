import type { Call } from "../calls/endpoint";
import type { Node } from "../model/site";
import { death } from "../protocol/failure";

/** The node that a request names, unless it is the one that does the work. @throws for one that the cluster has not */
export function otherNode(
  { node, cluster }: Pick<Call, "node" | "cluster">,
  name: string | undefined,
): Node | undefined {
  if (name === undefined || name === node.name || name === "localhost") return undefined;
  const other = cluster.node(name);
  if (other === undefined) throw death(`no such cluster node '${name}'`);
  return other;
}
