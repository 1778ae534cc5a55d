/** Pulumi's types and names of what the monitoring is made of, without Pulumi. */

export const monitoringComponent = "lifeboat:monitoring:MonitoringStack";

/** Types of the providers' resources, by their roles. */
export const monitoringTypes = {
  rules: "proxmoxve:firewall/rulesLegacy:RulesLegacy",
  firewall: "proxmoxve:firewall/optionsLegacy:OptionsLegacy",
  node: "command:remote:CopyToRemote",
  program: "command:remote:CopyToRemote",
  services: "command:remote:Command",
} as const;

/** Name of the one monitoring of a stack. */
export const monitoringName = "monitoring";

/** Name of a resource in the component. */
export function monitoringChild(component: string, role: keyof typeof monitoringTypes): string {
  return `${component}-${role}`;
}
