import { requireSuccess } from "../support/kit";
import { node, type RestoreSite } from "../restore/restore-site";

/** Settings of a drill on {@link changeNetwork}'s bridge. */
export const drillSettings = "  lifeboat:drill: { bridge: vmbr9, ids: { from: 9000, to: 9009 } }";

/** Makes or changes a bridge of the node. `apply`: false leaves the change waiting. */
export async function changeNetwork(
  site: RestoreSite,
  method: "POST" | "PUT",
  options: Record<string, string | boolean>,
  apply = true,
): Promise<void> {
  const root = site.rootClient();
  const path = ["nodes", node, "network", ...(method === "PUT" ? [String(options["iface"])] : [])];
  const { iface: _iface, ...others } = options;
  if (method === "POST") await root.post(path, options);
  else await root.put(path, others);
  if (apply) requireSuccess(await root.tasks.wait(String(await root.put(["nodes", node, "network"], {}))));
  await root.close();
}
