import type { FilesSource } from "../../site/settings/data";
import { DataBackup } from "./data-backup";

/** Dumps of folders, files and Docker volumes with all that belongs to them, each read again beside what lies there. */
export class FilesBackup extends DataBackup<FilesSource> {}
