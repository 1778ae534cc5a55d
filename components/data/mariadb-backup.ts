import type { MariaDbSource } from "../../site/settings/data";
import { DataBackup } from "./data-backup";

/**
 * Dumps of a MariaDB server's databases and users, made by a user of their own that only reads. Each is proven by a restore into a
 * server of its own, which ends with the proof.
 */
export class MariaDbBackup extends DataBackup<MariaDbSource> {}
