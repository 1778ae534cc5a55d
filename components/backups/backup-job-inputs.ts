import type { Retention } from "../../proxmox/rules/retention";
import type { BackupSettings } from "../../site/settings/environment";

/** Names of a retention's counts in Proxmox's words, in the order of its passes. */
const retentionOptions: readonly (readonly [Exclude<keyof Retention, "keepAll">, string])[] = [
  ["keepLast", "keep-last"],
  ["keepHourly", "keep-hourly"],
  ["keepDaily", "keep-daily"],
  ["keepWeekly", "keep-weekly"],
  ["keepMonthly", "keep-monthly"],
  ["keepYearly", "keep-yearly"],
];

/**
 * What the provider's job resource is given, without storage and guests; computed without Pulumi.
 *
 * Every value that Proxmox remembers is written out, because leaving one out does not take it back: the old value would
 * stay in Proxmox and in the state, and no preview would show it. Never `excludePaths`: Proxmox's answer to it breaks the
 * provider after the job was made.
 */
export function jobInputs(settings: BackupSettings) {
  return {
    resourceId: settings.jobId,
    schedule: settings.schedule,
    mode: settings.mode,
    compress: settings.compress === "none" ? "0" : settings.compress,
    pruneBackups: pruneBackups(settings.keep),
    notesTemplate: settings.notes,
    enabled: settings.enabled,
    mailnotification: settings.mail?.when ?? "always",
    ...(settings.mail === undefined ? {} : { mailtos: [...settings.mail.to] }),
  };
}

/** A retention in Proxmox's words. Nothing to count means everything is kept, which is said too. */
export function pruneBackups(keep: Retention): Record<string, string> {
  const counts = retentionOptions.flatMap(([count, option]) => (keep[count] ? [[option, String(keep[count])]] : []));
  return counts.length === 0 ? { "keep-all": "1" } : Object.fromEntries(counts);
}

/** Ids as the job wants them: text, rising, each once. */
export function jobGuests(ids: readonly number[]): string[] {
  return [...new Set(ids)].sort((a, b) => a - b).map(String);
}
