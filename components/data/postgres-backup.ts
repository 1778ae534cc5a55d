import type { PostgresSource } from "../../site/settings/data";
import { DataBackup } from "./data-backup";

/**
 * Dumps of a PostgreSQL server's databases and roles, made by a user of their own and proven by restoring each. It reads
 * everything, and writes to databases only that it has made.
 */
export class PostgresBackup extends DataBackup<PostgresSource> {}
