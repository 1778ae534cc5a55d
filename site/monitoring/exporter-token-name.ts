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
