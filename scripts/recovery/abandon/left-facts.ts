import { shellQuote } from "../../machine/shell-quote";
import { storageOf } from "../../../proxmox/rules/volume-ids";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { missingToListArchives } from "../../../proxmox/api/permissions";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { CommandError } from "../../terminal/command-error";
import type { Journal } from "../engine/journal";
import type { Session } from "../engine/session";
import { readSnapshots } from "../steps/guest/guest-snapshots";
import { findGuest, unless } from "../steps/guest/inspect-present";
import { type RestorePlan, restorePlanSchema } from "../steps/guest/plan";
import { isRunning } from "../steps/guest/power-steps";
import { savePointPath } from "../steps/guest/save-point-steps";
import { wayBackPath } from "../steps/guest/way-back";
import { whyBroken } from "../steps/guest/whole-guest";

/** Something that an abandoned operation leaves behind, as it was found. */
export interface LeftFact {
  /** `web (101)`, `save point backup:…`. */
  readonly about: string;
  /** How it was found, or why it was not looked at, as the end of a sentence. */
  readonly is: string;
  readonly known: boolean;
  /** What can be done with it. */
  readonly next?: string;
}

/** What is left, and where. */
interface Left {
  readonly client: ProxmoxClient;
  readonly journal: Journal;
  /** `prod/web` while the settings have it: commands work on it. */
  readonly selector: string | undefined;
  readonly name: string;
  /** The guest, or the copy. */
  readonly place: Pick<GuestAddress, "node" | "vmid">;
  readonly restore: RestorePlan | undefined;
}

/** Of these all that is left is looked at; what steps of others did is named by them. */
const lookedAtKinds: ReadonlySet<string> = new Set(["restore-guest", "rollback-snapshot", "snapshot", "backup-guest"]);

/** What a half-done operation leaves behind, looked up now. GET requests only; what cannot be looked at is said to be that. */
export async function leftFacts({ environment }: Session, journal: Journal): Promise<LeftFact[]> {
  const { kind, guest, plan } = journal.contents;
  const others = lookedAtKinds.has(kind) ? [] : unlooked(journal);
  if (guest === undefined) return others;
  const restore = kind === "restore-guest" ? restorePlanSchema.safeParse(plan).data : undefined;
  const isDeclared = environment.settings.guests.some(({ id, name }) => id === guest.id && name === guest.name);
  const place = restore?.target ?? { node: guest.node, vmid: guest.id };
  const selector = isDeclared ? `${environment.name}/${guest.name}` : undefined;
  const name = guest.name;
  const found = await look(`${name} (${place.vmid})`, async () => {
    const left: Left = { client: await environment.client(), journal, selector, name, place, restore };
    return [
      ...(await guestFact(left)),
      ...(await archiveFacts(left)),
      ...(await snapshotFact(left)),
      ...(await taskFact(left)),
    ];
  });
  return [...found, ...others];
}

/** @param about what is not known where it cannot be looked at */
async function look(about: string, find: () => Promise<LeftFact[]>): Promise<LeftFact[]> {
  try {
    return await find();
  } catch (error) {
    if (!isUnseen(error)) throw error;
    return [{ about, is: `was not looked at: ${error.message}`, known: false }];
  }
}

/** The node did not answer, or does not let it be seen: anything else is a defect. */
function isUnseen(error: unknown): error is ProxmoxError | CommandError {
  return error instanceof ProxmoxError || error instanceof CommandError;
}

function guestFact({ client, journal, selector, name, place, restore }: Left): Promise<LeftFact[]> {
  const isCopy = restore?.mode === "beside";
  const about = isCopy ? `copy ${place.vmid} of ${name}` : `${name} (${place.vmid})`;
  // Ids of nodes, whose runs are over several guests, are no guests'.
  if (place.vmid < 100) return Promise.resolve([]);
  return look(about, async () => {
    const address = await findGuest(client, place.node, place.vmid);
    if (address === undefined) return [{ about, is: `is not there (${place.node})`, known: true }];
    const running = await isRunning(client, address);
    const state = `${running ? "runs" : "is stopped"} on ${address.node}`;
    const fact = (is: string, known = true): LeftFact => ({ about, is, known });
    let why: string | undefined;
    try {
      why = await whyBroken(client, address);
    } catch (error) {
      if (!isUnseen(error)) throw error;
      return [fact(`${state}; whether it is whole was not seen: ${error.message}`, false)];
    }
    const half = journal.factsOf("restore")["sent"] === true && journal.record("restore")?.state !== "done";
    if (why !== undefined) return [fact(`${state} and is ${half ? "half restored" : "not whole"}: ${why}`)];
    if (isCopy) return [{ ...fact(state), ...(selector === undefined ? {} : { next: `lifeboat undo ${selector}` }) }];
    const start = `${address.type === "lxc" ? "pct" : "qm"} start ${place.vmid}`;
    return [{ ...fact(state), ...(!running && journal.record("stop") !== undefined ? { next: start } : {}) }];
  });
}

/** Its save point, what it has backed up, and archives whose protection it has not taken off again. */
async function archiveFacts({ client, journal, selector, place, restore }: Left): Promise<LeftFact[]> {
  const { steps } = journal.contents;
  const made = Object.entries(steps).flatMap(([path, { state, facts }]) =>
    state !== "taken-back" && typeof facts["archive"] === "string" ? [{ path, volid: facts["archive"] }] : [],
  );
  const isReleased = restore === undefined || journal.factsOf("release")["released"] === true;
  const own = steps["protect"] === undefined ? [] : [restore?.archive.volid ?? ""];
  const held = isReleased ? [] : [...own, ...restore.releaseAlso];
  const { vmid } = restore?.source ?? place;
  const find = async (volid: string) =>
    (await client.backups.archives(place.node, storageOf(volid), vmid)).find((one) => one.volid === volid);
  const facts = [
    ...made.map(({ path, volid }) => {
      const isSavePoint = path === savePointPath;
      const about = `${isSavePoint ? "save point" : "archive"} ${volid}`;
      const next =
        selector === undefined ? {} : { next: `lifeboat restore guest ${selector} --archive ${shellQuote(volid)}` };
      return look(about, async () => {
        if ((await find(volid)) === undefined) return [{ about, ...(await notFound(client, volid, vmid)) }];
        return [{ about, is: "stays", known: true, ...(isSavePoint ? next : {}) }];
      });
    }),
    ...held.map((volid) => {
      const about = `archive ${volid}`;
      return look(about, async () => {
        const archive = await find(volid);
        if (archive === undefined) return [{ about, ...(await notFound(client, volid, vmid)) }];
        const stays = "stays protected until the next restore or undo that succeeds";
        return [{ about, is: archive.protected === true ? stays : "is not protected any more", known: true }];
      });
    }),
  ];
  return (await Promise.all(facts)).flat();
}

/** An archive that no list shows: the token may not see it, or its storage may stand on a disk that is not mounted. */
async function notFound(
  client: ProxmoxClient,
  volid: string,
  vmid: number,
): Promise<Pick<LeftFact, "is" | "known" | "next">> {
  const storage = storageOf(volid);
  const missing = await missingToListArchives(client, storage, vmid);
  if (missing.length > 0) {
    const rights = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(" and ");
    return { is: `was not looked at: the token lacks ${rights}`, known: false };
  }
  return { is: `was not found on ${storage}`, known: true, next: "lifeboat doctor" };
}

async function snapshotFact({ client, journal, selector, place }: Left): Promise<LeftFact[]> {
  const { snapshot } = journal.factsOf(wayBackPath);
  if (typeof snapshot !== "string" || journal.record(wayBackPath)?.state === "taken-back") return [];
  const about = `snapshot ${snapshot}`;
  return look(about, async () => {
    const address = await findGuest(client, place.node, place.vmid);
    if (address === undefined) return [{ about, is: "was not looked at: its guest is not to be seen", known: false }];
    const isThere = (await readSnapshots(client, address)).some(({ name }) => name === snapshot);
    const next = selector === undefined ? {} : { next: `lifeboat restore snapshot ${selector} ${snapshot}` };
    return [{ about, is: isThere ? "stays" : "is gone", known: true, ...(isThere ? next : {}) }];
  });
}

/** The task that it has begun last and of which it knows no end. */
async function taskFact({ client, journal }: Left): Promise<LeftFact[]> {
  const begun = Object.values(journal.contents.steps).filter(({ state }) => state === "started" || state === "failed");
  const upid = begun.map(({ facts }) => facts["upid"]).at(-1);
  if (typeof upid !== "string") return [];
  const about = `task ${upid}`;
  return look(about, async () => {
    const task = await unless(["gone"], client.tasks.status(upid));
    if (task === undefined) return [{ about, is: "is not known to its node any more", known: true }];
    const is = task.status === "running" ? "is still at work" : `ended with '${task.exitstatus ?? "unknown"}'`;
    return [{ about, is, known: true }];
  });
}

/** What steps did that nothing here looks at. */
function unlooked(journal: Journal): LeftFact[] {
  const begun = Object.entries(journal.contents.steps).filter(([, { state }]) => state !== "taken-back");
  if (begun.length === 0) return [];
  const names = begun.map(([path, { state }]) => (state === "done" ? path : `${path} (not ended)`)).join(", ");
  return [{ about: `what its steps did (${names})`, is: "stays, and was not looked at", known: false }];
}
