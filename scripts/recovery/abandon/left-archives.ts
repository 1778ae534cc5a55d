import * as z from "zod";
import { shellQuote } from "../../machine/shell-quote";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { missingToListArchives } from "../../../proxmox/api/permissions";
import { parseUpid } from "../../../proxmox/rules/upid";
import { storageOf } from "../../../proxmox/rules/volume-ids";
import { parseVzdumpLog } from "../../../proxmox/rules/vzdump-log";
import { guestsOfRun } from "../engine/subject";
import { forgetKind, forgetPlanSchema } from "../forget/plan";
import { unless } from "../steps/guest/inspect-present";
import { savePointPath } from "../steps/guest/save-point-steps";
import { volumeOf } from "../steps/guest/vzdump-archive";
import { begunSteps, type Left, type LeftFact, look, taskOfStep } from "./left";

/** An archive that the operation has made, or was to delete. */
interface NamedArchive {
  readonly volid: string;
  readonly vmid: number;
  readonly isSavePoint: boolean;
}

/** Its save point, what it has backed up or was to delete, and archives whose protection it has not taken off again. */
export async function archiveFacts(left: Left): Promise<LeftFact[]> {
  const made = await look("what it has backed up", async () => {
    const archives = [...(await madeArchives(left)), ...savePointsToForget(left)];
    return (await Promise.all(archives.map((archive) => archiveFact(left, archive)))).flat();
  });
  const held = await Promise.all(heldArchives(left).map((volid) => protectionFact(left, volid)));
  return [...made, ...held.flat()];
}

/** Also what a task has made that ended after its process had died. */
async function madeArchives({ client, journal, place, restore }: Left): Promise<NamedArchive[]> {
  const { vmid } = restore?.source ?? place;
  const storage = storageIn(journal.contents.plan);
  const found = begunSteps(journal).map(async ({ path, facts }) => {
    const isSavePoint = path === savePointPath;
    if (typeof facts["archive"] === "string") return [{ volid: facts["archive"], vmid, isSavePoint }];
    const upid = await taskOfStep(facts, client);
    if (storage === undefined || upid === undefined || parseUpid(upid)?.type !== "vzdump") return [];
    const log = (await unless(["gone"], client.tasks.log(upid))) ?? [];
    return parseVzdumpLog(log.map(({ t }) => t)).guests.flatMap(({ vmid: of, state, archive }) =>
      state === "finished" && archive !== undefined
        ? [{ volid: volumeOf(archive, storage), vmid: of, isSavePoint }]
        : [],
    );
  });
  return (await Promise.all(found)).flat();
}

/** Where the plan of a backup, or of an operation with a save point, has archives made. */
function storageIn(plan: unknown): string | undefined {
  const backup = z.object({ storage: z.string() });
  const { data } = backup.or(z.object({ savePoint: backup })).safeParse(plan);
  return data !== undefined && "savePoint" in data ? data.savePoint.storage : data?.storage;
}

function savePointsToForget({ journal, place: { vmid } }: Left): NamedArchive[] {
  const { kind, plan } = journal.contents;
  const savePoints = kind === forgetKind ? (forgetPlanSchema.safeParse(plan).data?.savePoints ?? []) : [];
  return savePoints.map(({ volid }) => ({ volid, vmid, isSavePoint: true }));
}

function archiveFact(left: Left, { volid, vmid, isSavePoint }: NamedArchive): Promise<LeftFact[]> {
  const about = `${isSavePoint ? "save point" : "archive"} ${volid}`;
  const selector = selectorOf(left, vmid);
  const words = isSavePoint ? "restore guest" : "backups";
  const command = `lifeboat ${words} ${selector ?? ""}${isSavePoint ? ` --archive ${shellQuote(volid)}` : ""}`;
  return look(about, async () => {
    if ((await find(left, volid, vmid)) === undefined)
      return [{ about, ...(await notFound(left.client, volid, vmid)) }];
    return [{ about, is: "stays", known: true, ...(selector === undefined ? {} : { next: command }) }];
  });
}

/** Of a run over several guests: the guest that has the number. */
function selectorOf({ journal: { contents }, selector }: Left, vmid: number): string | undefined {
  const guest = guestsOfRun(contents)?.find(({ id }) => id === vmid);
  return guest === undefined ? selector : `${contents.guest?.environment ?? ""}/${guest.name}`;
}

function heldArchives({ journal, restore }: Left): string[] {
  if (restore === undefined || journal.factsOf("release")["released"] === true) return [];
  const own = journal.record("protect") === undefined ? [] : [restore.archive.volid];
  return [...own, ...restore.releaseAlso];
}

function protectionFact(left: Left, volid: string): Promise<LeftFact[]> {
  const { vmid } = left.restore?.source ?? left.place;
  const about = `archive ${volid}`;
  return look(about, async () => {
    const archive = await find(left, volid, vmid);
    if (archive === undefined) return [{ about, ...(await notFound(left.client, volid, vmid)) }];
    const stays = "stays protected until the next restore or undo that succeeds";
    return [{ about, is: archive.protected === true ? stays : "is not protected any more", known: true }];
  });
}

async function find({ client, place }: Left, volid: string, vmid: number) {
  const archives = await client.backups.archives(place.node, storageOf(volid), vmid);
  return archives.find((one) => one.volid === volid);
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
