import { dataProgram, placesOf } from "../places";

/** Where point-in-time recovery lies in a guest. */
export const pointInTimePlaces = {
  /** The program; its verbs are its first word. */
  program: `${dataProgram}-pitr`,
  /** Folder of what it is told of a source: `settings`, keys, passphrase. Root's alone. */
  settings: (source: string) => `${placesOf(source).settings}/pitr`,
  /** Names of its units: a service with the kind of backup as its instance, and a timer for each. */
  unit: (source: string, type: "full" | "diff") => `${placesOf(source).unit}-${type}`,
} as const;
