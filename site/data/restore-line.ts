import type { DataSource } from "../settings/data";

/**
 * The command that restores data of a guest; of what no command loads, the one that lists its dumps.
 *
 * @param guest `prod/web`
 */
export function dataRestoreLine(guest: string, { kind, name }: Pick<DataSource, "kind" | "name">): string {
  switch (kind) {
    case "postgres":
    case "mariadb":
      return `lifeboat restore database ${guest} ${name}`;
    case "files":
      return `lifeboat restore files ${guest} ${name}`;
    case "command":
      return `lifeboat data ${guest}`;
  }
}
