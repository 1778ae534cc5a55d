/** What the settings of an environment of a test site say. */
export interface Settings {
  /** Before `config:`. */
  readonly head?: readonly string[];
  readonly profile: string;
  readonly node: string;
  /** File in the project that holds the node's certificate authority. */
  readonly ca?: string;
  /** What its backups keep, such as `{ last: 3 }`. Default: what the profile says. */
  readonly keep?: string;
  /** Lines of each guest's block, by its name. Default: the settings have no `lifeboat:guests`. */
  readonly guests?: Readonly<Record<string, readonly string[]>>;
  /** Further lines, as they are. */
  readonly lines?: readonly string[];
}

/** Text of `Pulumi.<environment>.yaml`. */
export function settingsText(endpoint: string, settings: Settings): string {
  const { head = [], profile, node, ca, keep, guests, lines = [] } = settings;
  const trust = ca === undefined ? "" : `, ca: ${ca}`;
  const retention = keep === undefined ? "" : `, keep: ${keep}`;
  return [
    ...head,
    "config:",
    `  lifeboat:profile: ${profile}`,
    `  lifeboat:proxmox: { endpoint: "${endpoint}", node: ${node}${trust} }`,
    `  lifeboat:backup: { storage: { id: backup, adopt: true }${retention} }`,
    ...(guests === undefined ? [] : guestLines(guests)),
    ...lines,
    "",
  ].join("\n");
}

function guestLines(guests: Readonly<Record<string, readonly string[]>>): string[] {
  const blocks = Object.entries(guests).flatMap(([name, block]) => [
    `    ${name}:`,
    ...block.map((line) => `      ${line}`),
  ]);
  return ["  lifeboat:guests:", ...blocks];
}
