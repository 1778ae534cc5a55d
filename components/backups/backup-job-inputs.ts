import type { Retention } from "../../proxmox/rules/retention";
import { checkBy, type ArgumentRules } from "../../site/arguments/checked";
import { environmentName } from "../../site/arguments/guest";
import { backupKeys, keepSchema, refusedBackupKeys, scheduleSchema } from "../../site/settings/backup-schema";
import { completeBackup } from "../../site/settings/complete";
import type { BackupSettings } from "../../site/settings/environment";
import { guestId } from "../../site/settings/guest-values";
import { checked, list, mapping, type Finding } from "../../site/settings/schema-tools";
import { storageId } from "../../site/settings/values/names";

/** Names of a retention's counts: in arguments, here, and in Proxmox's words; in the order of its passes. */
const counts = [
  ["last", "keepLast", "keep-last"],
  ["hourly", "keepHourly", "keep-hourly"],
  ["daily", "keepDaily", "keep-daily"],
  ["weekly", "keepWeekly", "keep-weekly"],
  ["monthly", "keepMonthly", "keep-monthly"],
  ["yearly", "keepYearly", "keep-yearly"],
] as const;

const { storage: _storage, schedule: _schedule, keep: _keep, ...others } = backupKeys;

/** Every argument of a backup job. Those that a profile would decide are needed. */
export const backupJobSchema = mapping(
  {
    ...others,
    storage: storageId,
    schedule: scheduleSchema,
    keep: keepSchema,
    guests: checked(list("ids of guests", guestId), atLeastOneGuest),
    environment: environmentName,
  },
  refusedBackupKeys,
);

function atLeastOneGuest(raw: unknown): Finding[] {
  if (!Array.isArray(raw) || raw.length > 0) return [];
  return [
    { path: [], message: "no guest is to be backed up", allowed: "one guest or more: Proxmox refuses a job of none" },
  ];
}

/** How the arguments of a backup job are read. */
export const backupJobRules: ArgumentRules<ReturnType<typeof jobInputs>> = {
  check: (raw) =>
    checkBy(backupJobSchema, raw, ({ environment, guests, storage, ...entry }) => {
      const settings = completeBackup({ ...entry, storage: { type: "adopted", id: storage } }, environment, entry);
      return { inputs: jobInputs(settings, guests) };
    }),
  uses: {
    job: ["resourceId"],
    storage: ["storage"],
    guests: ["vmids"],
    schedule: ["schedule"],
    keep: ["pruneBackups"],
    mode: ["mode"],
    compress: ["compress"],
    notes: ["notesTemplate"],
    enabled: ["enabled"],
    mail: ["mailnotification", "mailtos"],
  },
  samples: {
    storage: "storage",
    guests: [100],
    schedule: "01:00",
    keep: { all: true },
    mail: { to: ["somebody@example.com"] },
  },
};

/**
 * What the provider's job resource is given, computed without Pulumi.
 *
 * Every value that Proxmox remembers is written out, because leaving one out does not take it back: the old value would
 * stay in Proxmox and in the state, and no preview would show it. Never `excludePaths`: Proxmox's answer to it breaks the
 * provider after the job was made.
 */
function jobInputs(settings: BackupSettings, guests: readonly number[]) {
  return {
    resourceId: settings.jobId,
    storage: settings.storage.id,
    vmids: jobGuests(guests),
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
function pruneBackups(keep: Retention): Record<string, string> {
  const options = counts.flatMap(([, count, option]) => (keep[count] ? [[option, String(keep[count])]] : []));
  return options.length === 0 ? { "keep-all": "1" } : Object.fromEntries(options);
}

/** Ids as the job wants them: text, rising, each once. */
function jobGuests(ids: readonly number[]): string[] {
  return [...new Set(ids)].sort((a, b) => a - b).map(String);
}

/** The job of an environment's settings as arguments, without storage and guests. */
export function backupJobArguments(settings: BackupSettings, environment: string) {
  const { jobId, schedule, keep, mode, compress, notes, enabled, mail } = settings;
  return {
    environment,
    job: jobId,
    schedule,
    keep: keepArguments(keep),
    mode,
    compress,
    notes,
    enabled,
    mail: mail && { to: [...mail.to], when: mail.when },
  };
}

function keepArguments(keep: Retention) {
  if (keep.keepAll === true) return { all: true };
  return Object.fromEntries(counts.flatMap(([name, count]) => (keep[count] ? [[name, keep[count]]] : [])));
}
