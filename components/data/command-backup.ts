import type { CommandSource } from "../../site/settings/data";
import { DataBackup } from "./data-backup";

/** Dumps of what a command prints: a snapshot of Vault, manifests of Kubernetes, sealed files. Its own check proves them. */
export class CommandBackup extends DataBackup<CommandSource> {}
