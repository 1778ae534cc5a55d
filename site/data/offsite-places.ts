/** Where what copies a guest's dumps elsewhere lies in the guest. */
export const offsiteGuestPlaces = {
  /** What runs. */
  program: "/usr/local/lib/lifeboat/data/lifeboat-offsite",
  folder: "/etc/lifeboat/offsite",
  /** Assignments of a shell, without secrets. */
  settings: "/etc/lifeboat/offsite/settings",
  /** rclone's, with the key; for root alone. */
  configuration: "/etc/lifeboat/offsite/rclone.conf",
  /** Certificates of authorities, besides those of the system. */
  trust: "/etc/lifeboat/offsite/trust",
  /** Folder with one entry for each data source. */
  sources: "/etc/lifeboat/data",
  state: "/var/lib/lifeboat/offsite",
  /** The newest copy of each source, a file with its name. */
  newest: "/var/lib/lifeboat/offsite/newest",
  log: "/var/log/lifeboat/offsite.log",
  /** systemd's, without `.service` and `.timer`. */
  unit: "lifeboat-offsite",
} as const;
