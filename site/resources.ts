/**
 * Pulumi's types and names of what the programs declare, without Pulumi. The components register under them, and the
 * command line finds resources in a state by them and writes them into import files.
 */

/** A component and the one resource in it. */
export interface ComponentKind {
  /** Type of the component. */
  readonly component: string;
  /** Name of the resource in it, by the component's own name. */
  readonly child: (name: string) => string;
}

function kind(component: string, role: string): ComponentKind {
  return { component, child: (name) => `${name}-${role}` };
}

export const componentKinds = {
  container: kind("lifeboat:guests:Container", "container"),
  "virtual-machine": kind("lifeboat:guests:VirtualMachine", "machine"),
  "backup-storage": kind("lifeboat:backups:BackupStorage", "storage"),
  "backup-job": kind("lifeboat:backups:BackupJob", "job"),
} as const;

/** A restore that the program carries out once, and the command in it. */
export const restoreFlowKind = kind("lifeboat:restores:RestoreFlow", "restore");
export const localCommandType = "command:local:Command";

/** A token of the exporter's API user. */
export const exporterTokenKind = kind("lifeboat:monitoring:ExporterToken", "token");
export const apiTokenType = "proxmoxve:user/token:Token";

/** Name of the component, by the token's number in the settings. */
export function exporterTokenResource(number: number): string {
  return `exporter-${String(number)}`;
}

/** Output of a stack: the token with which the exporter looks at it, a secret. */
export const exporterTokenOutput = "exporterToken";

/** Types of the provider's resources. */
export const resourceTypes = {
  container: "proxmoxve:index/containerLegacy:ContainerLegacy",
  "virtual-machine": "proxmoxve:index/vmLegacy:VmLegacy",
  "backup-job": "proxmoxve:backup/job:Job",
  dir: "proxmoxve:storage/directory:Directory",
  nfs: "proxmoxve:storage/nfs:Nfs",
  pbs: "proxmoxve:storage/pbs:Pbs",
} as const;

/** Name of the components of an environment's storage and job. */
export const backupName = "backup";

/** Names of the providers: with the API token, and with the password of root@pam for guests that need it. */
export const providerNames = { token: "proxmox", root: "proxmox-root" } as const;

/** A resource's place in a stack. */
export interface ResourcePlace {
  readonly project: string;
  readonly stack: string;
  /** Types of the components around it, outermost first, then its own. */
  readonly types: readonly string[];
  readonly name: string;
}

/** Pulumi's name for a resource: `urn:pulumi:prod::lifeboat::lifeboat:guests:Container$proxmoxve:…::web-container`. */
export function urnOf({ project, stack, types, name }: ResourcePlace): string {
  return `urn:pulumi:${stack}::${project}::${types.join("$")}::${name}`;
}

/** Those of these URNs whose resources have one of these names. */
export function urnsNamed(recorded: readonly string[], names: readonly string[]): string[] {
  return recorded.filter((urn) => names.includes(urn.split("::")[3] ?? ""));
}

/**
 * The URN under which a state has the resource of a component, whatever the project is called.
 *
 * @param recorded every URN of the state
 * @param name of the component
 */
export function recordedAs(
  recorded: readonly string[],
  kindOf: keyof typeof componentKinds,
  type: keyof typeof resourceTypes,
  name: string,
): string | undefined {
  const { component, child } = componentKinds[kindOf];
  const end = `::${component}$${resourceTypes[type]}::${child(name)}`;
  return recorded.find((urn) => urn.endsWith(end));
}
