import { failureOf } from "../../clients/failure";
import type { LoadedEnvironment } from "../../project/site";
import { definitionOf } from "../../../site/storage-definition";
import { clientOf } from "../engine/session";
import { lookAtGuests, type RestoreNeeds } from "./look-at-guests";
import type { EnvironmentLook, GuestLook } from "./plan";
import type { SiteSession } from "./session";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { exitCodes } from "../../terminal/exit-codes";
import { isRenamed } from "../steps/state/rename-state";
import { givePassphrase, whyLocked } from "./passphrase";
import { requireNewNode, requireNode } from "./renamed-node";
import { neededPrivileges } from "../../../proxmox/rules/privileges";
import { scopeOf } from "../../../site/needs";
import { requireRights } from "../steps/guest/rights";
import { defineByHand } from "./storage-step";

/** What is left of an environment. What cannot be looked at is told, and nothing is concluded from it. */
export async function lookAtEnvironment(
  session: SiteSession,
  environment: LoadedEnvironment,
  needs: RestoreNeeds,
): Promise<EnvironmentLook> {
  const { name, settings } = environment;
  const { id } = settings.backup.storage;
  const locked = await whyLocked(environment, session.context);
  const base = { name, endpoint: settings.proxmox.endpoint, ...(locked === undefined ? {} : { locked }) };
  const unseen = { ...base, storage: { id, state: "unknown" as const }, job: false, guests: [] };
  try {
    const client = await clientOf(environment, session.dryRun);
    // A right that is missing half-way would leave a guest restored and its job gone; what may not be seen is not gone either.
    await requireRights(client, neededPrivileges(scopeOf(settings)));
    const { mapping } = session.asked;
    if (mapping !== undefined) await requireNewNode(client, environment, mapping);
    await requireNode(client, environment);
    const storage = await lookAtStorage(client, environment);
    if (storage === undefined) {
      const trouble = `storage ${id} is not there, and the settings do not say all that defines it`;
      return { ...unseen, trouble, mend: defineByHand(environment) };
    }
    const store = environment.stateStore();
    const { guests, goneBesides } = await lookAtGuests(session, environment, client, {
      storage,
      store: store?.environment.name === name && store.store.kind === "container" ? store.store.guest : undefined,
      needs,
    });
    const jobs = await client.backups.backupJobs();
    return {
      ...base,
      storage,
      job: jobs.some((job) => job.id === settings.backup.jobId),
      guests: locked === undefined ? guests : guests.map((guest) => notMade(guest, name, locked)),
      ...(goneBesides === undefined ? {} : { goneBesides }),
      ...(isRenamed(environment, mapping) ? { renamed: true } : {}),
    };
  } catch (error) {
    session.context.signal.throwIfAborted();
    const { reason, hint, exitCode, stack } = failureOf(error, undefined);
    // Names that lead nowhere are no trouble of one environment: nothing is done under them.
    if (stack !== undefined || exitCode === exitCodes.refused) throw error;
    return { ...unseen, trouble: reason, ...(hint === undefined ? {} : { mend: hint }) };
  }
}

/** A guest without an archive is made by its stack, which is left as it is. */
function notMade(guest: GuestLook, environment: string, locked: string): GuestLook {
  if (guest.way !== "anew") return guest;
  const why = `${guest.why ?? "it has no archive"}; its stack would make it again, empty, and ${locked}`;
  return { ...guest, way: "none", why, mend: givePassphrase(environment) };
}

/** Undefined: it is not there, and cannot be defined from here. @throws ProxmoxError, CommandError (14) where it may be hidden */
async function lookAtStorage(
  client: ProxmoxClient,
  { settings }: LoadedEnvironment,
): Promise<EnvironmentLook["storage"] | undefined> {
  const { storage } = settings.backup;
  const listed = await client.backups.storages(settings.proxmox.node);
  if (listed.some((one) => one.storage === storage.id)) return { id: storage.id, state: "there" };
  return definitionOf(storage) === undefined ? undefined : { id: storage.id, state: "define" };
}
