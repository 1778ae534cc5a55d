/** Where point-in-time recovery lies in a guest. */
export const pointInTimePlaces = {
  /** The program; its verbs are its first word. */
  program: "/usr/local/lib/lifeboat/data/lifeboat-data-pitr",
  /** Folder of what it is told of a source: `settings`, keys, passphrase. Root's alone. */
  settings: (source: string) => `/etc/lifeboat/data/${source}/pitr`,
  /** Names of its units: a service with the kind of backup as its instance, and a timer for each. */
  unit: (source: string, type: "full" | "diff") => `lifeboat-data-pitr-${source}-${type}`,
} as const;
