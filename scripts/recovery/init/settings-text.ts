import { parseSettings } from "../../../site/settings/parse-settings";
import { formatProblems } from "../../../site/settings/problem";
import { usageError } from "../../terminal/command-error";
import { parseYaml } from "../../project/yaml-file";
import { isMapping } from "../../../site/settings/schema-tools";

/** What the settings of a new environment say. */
export interface NewSettings {
  readonly environment: string;
  readonly endpoint: string;
  readonly node: string;
  /** File of the CA, from the project's folder, or fingerprint; neither: the system's CAs. */
  readonly trust: { readonly ca?: string; readonly fingerprint?: string };
  readonly storage: string;
}

/** Text of a settings file without secrets. @throws CommandError (2) when they would not be right */
export function settingsText({ environment, endpoint, node, trust, storage }: NewSettings): string {
  const proven = Object.entries(trust).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`);
  const text = [
    "# Written by lifeboat init. Every setting is explained in Lifeboat's",
    "# docs/reference/settings.md, and by example in its Pulumi.prod.yaml.",
    "config:",
    "  # Where defaults come from: backups daily at 01:00; 7 daily and 4 weekly",
    "  # ones stay.",
    "  lifeboat:profile: prod",
    "",
    "  lifeboat:proxmox:",
    `    endpoint: ${endpoint}`,
    `    node: ${node}`,
    ...proven,
    "    # Archives are read on the node before a restore, if Lifeboat can log in:",
    "    # ssh: { user: root }",
    "",
    '  # The storage is used as it is. Another time: `schedule: "22:30"`;',
    "  # what stays: `keep: { daily: 7, weekly: 4 }`.",
    "  lifeboat:backup:",
    `    storage: { id: ${storage}, adopt: true }`,
    "",
  ].join("\n");
  requireRight(text, environment);
  return text;
}

function requireRight(text: string, environment: string): void {
  const config = parseYaml(text, `Pulumi.${environment}.yaml`);
  const all = isMapping(config) && isMapping(config["config"]) ? config["config"] : {};
  const own = Object.entries(all).map(([key, value]) => [key.replace(/^lifeboat:/u, ""), value] as const);
  const parsed = parseSettings(Object.fromEntries(own), { environment });
  if (!parsed.ok) throw usageError(formatProblems(parsed.problems, environment));
}
