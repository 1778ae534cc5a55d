/** Where what copies chosen archives elsewhere lies on a node. */
export const offsiteNodePlaces = {
  /** What runs, with the name of an environment. */
  program: "/usr/local/lib/lifeboat/archives/lifeboat-archives",
  /** Of each environment: assignments of a shell, rclone's own with the key, the guests, certificates. */
  folder: "/etc/lifeboat/archives",
  state: "/var/lib/lifeboat/archives",
  logs: "/var/log/lifeboat",
  /** Proxmox's own settings of storages. */
  storages: "/etc/pve/storage.cfg",
} as const;

/** systemd's name of an environment's timer and service, without `.service` and `.timer`. */
export function archivesUnit(environment: string): string {
  return `lifeboat-archives-${environment}`;
}

/** A script that ends the copies of an environment on a node, and takes its key away. What was copied stays, and so does the log. */
function archivesRemoval(environment: string): string {
  const unit = archivesUnit(environment);
  return [
    `systemctl disable --now ${unit}.timer 2>/dev/null || :`,
    `rm -rf ${offsiteNodePlaces.folder}/${environment} /etc/systemd/system/${unit}.service /etc/systemd/system/${unit}.timer`,
    "systemctl daemon-reload",
    "",
  ].join("\n");
}

/** What a state has as the `delete` of the command that installs them. */
export function archivesRemovalCommand(environment: string, user: string): string {
  return `printf %s '${archivesRemoval(environment)}' | (${user === "root" ? "" : "sudo -n "}sh -s)`;
}

/** Whether a text of a state is such a command: nobody else's text is run when they go. */
export function isArchivesRemoval(text: string): boolean {
  const [, environment] = /\/etc\/lifeboat\/archives\/([A-Za-z0-9._-]+) /u.exec(text) ?? [];
  if (environment === undefined) return false;
  return ["root", "other"].some((user) => archivesRemovalCommand(environment, user) === text);
}
