/**
 * Who `lifeboat exporter` is at Proxmox: an API user without a password, in a group that has nobody else in it. Root makes both,
 * with the user's rights (`lifeboat doctor --print-setup`); the stacks make nothing but tokens of that user, because who may grant
 * rights may grant them to himself.
 */
export const exporterUser = "lifeboat-exporter@pve";

/** The operator's token may change the users of this group, and no others. */
export const exporterGroup = "lifeboat-exporter";

/**
 * Name of an environment's token: `lifeboat.prod.1`. Projects that share a node do not share tokens.
 *
 * @param number in `lifeboat:exporterTokens`
 */
export function exporterTokenName(project: string, environment: string, number: number): string {
  const name = `${project}.${environment}.${String(number)}`;
  // Proxmox wants a letter first, where Pulumi also takes a digit, a dot or a dash.
  return /^[A-Za-z]/u.test(name) ? name : `p${name}`;
}
