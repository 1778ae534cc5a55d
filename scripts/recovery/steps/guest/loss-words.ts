import { plainText } from "../../../../proxmox/api/plain-text";
import type { Loss } from "../../../../site/restore/losses";
import { formatBytes } from "../../../terminal/durations";

/** A loss as a line of the plan. */
export function describeLoss(loss: Loss): string {
  const { kind, name, volume, size } = loss;
  const what = `${placeOf(loss)}${size === undefined ? "" : `, ${formatBytes(size)}`}`;
  switch (kind) {
    case "emptied":
      return `${what}: the archive leaves it out, it comes back empty`;
    case "vanishes":
      return `${what}: the archive does not know it, it comes back empty`;
    case "unsaved":
      return `${what}: what it holds now is replaced, and neither a backup nor the save point has it`;
    case "unused":
      return `${name} (${volume ?? ""}): an unused disk, deleted`;
    case "detached":
      return `${what} (${volume ?? ""}): the archive does not know it, it is taken off and stays as an unused disk`;
    case "snapshot":
      return `snapshot ${name}: deleted`;
    case "raw":
      return `'${plainText(name)}': a line that only root@pam may write; add it again on the node`;
    case "excluded":
      return `files under ${name}: the node's /etc/vzdump.conf leaves them out of every backup, also of a save point`;
    case "firewall":
      return `firewall '${name}': the archive's firewall replaces it, and cannot be read before`;
  }
}

/** What is lost, and why, as the reason of the question about it. */
export function lossReason(losses: readonly Loss[]): string {
  const named = (kinds: readonly Loss["kind"][]): string =>
    losses
      .filter(({ kind }) => kinds.includes(kind))
      .map((loss) =>
        loss.kind === "snapshot"
          ? `snapshot ${loss.name}`
          : quoted.has(loss.kind)
            ? `'${plainText(loss.name)}'`
            : placeOf(loss),
      )
      .join(", ");
  const missing = named(["emptied", "vanishes", "unused", "snapshot"]);
  const detached = named(["detached"]);
  const unsaved = named(["unsaved"]);
  const raw = named(["raw"]);
  const excluded = named(["excluded"]);
  const firewall = named(["firewall"]);
  return [
    ...(missing === "" ? [] : [`the archive has nothing for ${missing}, which would be lost`]),
    ...(detached === "" ? [] : [`the archive does not know ${detached}, which would stay as an unused disk`]),
    ...(unsaved === "" ? [] : [`no backup holds what is in ${unsaved} now, which would be lost`]),
    ...(raw === "" ? [] : [`Proxmox does not bring ${raw} back for a token`]),
    ...(excluded === "" ? [] : [`no backup of the node holds files under ${excluded}, which would be lost`]),
    ...(firewall === "" ? [] : [`the archive's firewall, which cannot be read before, replaces ${firewall}`]),
  ].join("; ");
}

/** Losses whose name is a text of the node's. */
const quoted: ReadonlySet<Loss["kind"]> = new Set(["raw", "excluded", "firewall"]);

function placeOf({ name, path }: Pick<Loss, "name" | "path">): string {
  return `${name}${path === undefined ? "" : ` (${path})`}`;
}
