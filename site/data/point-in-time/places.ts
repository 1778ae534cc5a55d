import { dataProgram, placesOf } from "../places";

/** Where point-in-time recovery lies in a guest. */
export const pointInTimePlaces = {
  /** The program; its verbs are its first word. */
  program: `${dataProgram}-pitr`,
  /** Folder of what it is told of a source: `settings`, keys, passphrase. Root's alone. */
  settings: (source: string) => `${placesOf(source).settings}/pitr`,
  /** Service and timer of a kind of backup. No source has units of such a name: `shop-full` is one, too. */
  unit: (source: string, type: "full" | "diff") => `lifeboat-pitr-${source}-${type}`,
} as const;
