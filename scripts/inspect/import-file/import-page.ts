import type { ImportEntry } from "../../../site/import-file/entries";
import type { ImportFile } from "../../../site/import-file/import-file";
import type { LeftOut } from "../../../site/import-file/left-out";
import type { ImportPlan } from "../../../site/import-file/plan";
import type { Environment } from "../../../site/settings/environment";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { bold, dim } from "../../terminal/text";
import type { importFileShape } from "./shape";

/** A resource that is taken into the new state. */
interface Imported {
  readonly type: string;
  readonly name: string;
  readonly id: string;
}

/** What an import file holds and what it does not, for people and scripts. */
export interface ImportView {
  readonly imported: readonly Imported[];
  readonly leftOut: readonly LeftOut[];
  /** What has no counterpart on the site, or comes back differently: one sentence each. */
  readonly notes: readonly string[];
}

export function importView(settings: Environment, plan: ImportPlan, { resources }: ImportFile): ImportView {
  const imported = resources.flatMap(({ type, logicalName, id }: ImportEntry) =>
    id === undefined ? [] : [{ type, name: logicalName, id }],
  );
  return { imported, leftOut: plan.leftOut, notes: notesOf(settings, plan) };
}

function notesOf({ backup }: Environment, { store }: ImportPlan): string[] {
  return [
    "components and providers stand for nothing on the site: the file makes them anew",
    "guests are remembered as the settings have them; pulumi refresh then reads how they really are",
    ...(backup.storage.type === "pbs"
      ? [`storage ${backup.storage.id}: Proxmox does not give its password away; the next update writes it again`]
      : []),
    ...(store === undefined || store.identities.length === 0
      ? []
      : ["the state store gives no identity's secret away: the next update writes those of the settings again"]),
  ];
}

export function printImport(value: ValueOf<typeof importFileShape>, lines: Lines): void {
  const { environment, file, dryRun, imported, leftOut, notes, next } = value;
  lines.heading(`Taken into the new state of ${environment}:`);
  lines.table([
    [dim("NAME"), dim("ID"), dim("TYPE")],
    ...imported.map(({ name, id, type }) => [name, id, type.split(":").at(-1) ?? type]),
  ]);
  if (leftOut.length > 0) lines.heading("Left out:");
  for (const { what, why, next: advice } of leftOut) {
    lines.hanging([bold(what), ": "], why);
    lines.hanging("  ", advice);
  }
  for (const note of notes) lines.hanging("- ", note);
  lines.line(dryRun ? `Not written: ${file}.` : `Written to ${file} (without a secret in the clear).`);
  if (dryRun) return;
  lines.heading("Next, in the project's folder:");
  for (const command of next) lines.line(`  ${command}`);
}
