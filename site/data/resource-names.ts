import type { DataKind } from "../settings/data";

/** Pulumi's types and names of what is declared for data in guests, without Pulumi. */
export const dataComponents: Readonly<Record<DataKind, string>> = {
  postgres: "lifeboat:data:PostgresBackup",
  mariadb: "lifeboat:data:MariaDbBackup",
  files: "lifeboat:data:FilesBackup",
  command: "lifeboat:data:CommandBackup",
};

/** Type of what is in each of them. */
export const dataCommandType = "command:remote:Command";

/** Name of a component. No name of a guest or source has a slash. */
export function dataResource(guest: string, source: string): string {
  return `${guest}/${source}`;
}

/** Name of the command that installs it. */
export function dataChild(component: string): string {
  return `${component}-install`;
}
