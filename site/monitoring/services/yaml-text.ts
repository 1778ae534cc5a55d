import { stringify } from "yaml";

/**
 * A file of YAML for a service. By the rules of YAML 1.1: Compose 1 takes an unquoted `yes` for a truth and `1:20` for 80.
 *
 * @param value texts, numbers, truths, lists and mappings; a part that stands twice is written twice
 */
export function yamlText(value: object): string {
  const text = stringify(value, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
  return `# Written by Lifeboat: changes to this file are overwritten.\n${text}`;
}
