import type { DataKind } from "../../../site/settings/data";
import { commandPart } from "./command";
import { pointInTimePlaces } from "../../../site/data/point-in-time/places";
import { drillPart } from "./drill";
import { dumpsPart } from "./dumps";
import { filesPart } from "./files";
import { frame } from "./frame";
import { mariadbPart } from "./mariadb";
import { pointInTimeProgram } from "./point-in-time/program";
import { postgresPart } from "./postgres";
import { restorePart } from "./restore";
import { restoreFilesPart } from "./restore-files";
import { restoreMariaDbPart } from "./restore-mariadb";
import { restorePostgresPart } from "./restore-postgres";
import { retentionPart } from "./retention";
import { runPart } from "./run";
import { verifyPart } from "./verify";

/** A file of the program in the guest, by its name in the program's folder. */
export interface ProgramFile {
  readonly name: string;
  readonly text: string;
  readonly isExecutable: boolean;
}

const kinds: Readonly<Record<DataKind, string>> = {
  postgres: postgresPart,
  mariadb: mariadbPart,
  files: filesPart,
  command: commandPart,
};

/** How what each kind dumps takes the place of what is there. */
const restores: Partial<Readonly<Record<`restore-${DataKind}`, string>>> = {
  "restore-files": restoreFilesPart,
  "restore-mariadb": restoreMariaDbPart,
  "restore-postgres": restorePostgresPart,
};

/** The whole program. All kinds are in every guest: one version of it serves all sources. */
export function programFiles(): readonly ProgramFile[] {
  const parts = {
    dumps: dumpsPart,
    retention: retentionPart,
    run: runPart,
    restore: restorePart,
    verify: verifyPart,
    drill: drillPart,
    ...kinds,
    ...restores,
  };
  return [
    ...Object.entries(parts).map(([name, text]) => ({ name, text, isExecutable: false })),
    { name: "lifeboat-data", text: frame, isExecutable: true },
    { name: nameIn(pointInTimePlaces.program), text: pointInTimeProgram, isExecutable: true },
  ];
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
