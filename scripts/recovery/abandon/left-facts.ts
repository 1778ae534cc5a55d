import { nodeTools } from "../../../proxmox/rules/node-tools";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { Journal } from "../engine/journal";
import type { Session } from "../engine/session";
import type { Facts } from "../engine/step";
import { isNode } from "../engine/subject";
import { restoreKind } from "../restore-guest/journals";
import { readSnapshots } from "../steps/guest/guest-snapshots";
import { findGuest, unless } from "../steps/guest/inspect-present";
import { restorePlanSchema } from "../steps/guest/plan";
import { isRunning } from "../steps/guest/power-steps";
import { wayBackPath } from "../steps/guest/way-back";
import { whyBroken } from "../steps/guest/whole-guest";
import { begunSteps, isUnseen, type Left, type LeftFact, look, taskOfStep } from "./left";
import { archiveFacts } from "./left-archives";
import { diskFacts } from "./left-disks";
import { stackFacts } from "./left-state";

/** What a half-done operation leaves behind, looked up now. GET requests only; what cannot be looked at is said to be that. */
export async function leftFacts(session: Session, journal: Journal): Promise<LeftFact[]> {
  const { environment } = session;
  const { kind, guest, plan } = journal.contents;
  if (guest === undefined) return stackFacts(session, journal);
  const restore = kind === restoreKind ? restorePlanSchema.safeParse(plan).data : undefined;
  const isDeclared = environment.settings.guests.some(({ id, name }) => id === guest.id && name === guest.name);
  const place = restore?.target ?? { node: guest.node, vmid: guest.id };
  const selector = isDeclared ? `${environment.name}/${guest.name}` : undefined;
  const name = guest.name;
  return look(`${name} (${place.vmid})`, async () => {
    const left: Left = { client: await environment.client(), journal, selector, name, place, restore };
    return [
      ...(isNode(guest) ? [] : await guestFact(left)),
      ...(await diskFacts(left)),
      ...(await archiveFacts(left)),
      ...(await snapshotFact(left)),
      ...(await taskFacts(left)),
    ];
  });
}

function guestFact({ client, journal, selector, name, place, restore }: Left): Promise<LeftFact[]> {
  const isCopy = restore?.mode === "beside";
  const about = isCopy ? `copy ${place.vmid} of ${name}` : `${name} (${place.vmid})`;
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
    const start = `${nodeTools(address.type).program} start ${place.vmid}`;
    return [{ ...fact(state), ...(!running && journal.record("stop") !== undefined ? { next: start } : {}) }];
  });
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

/** Tasks that it has begun and of which it knows no end, or that failed. */
async function taskFacts({ client, journal }: Left): Promise<LeftFact[]> {
  const found = begunSteps(journal)
    .filter(({ isDone }) => !isDone)
    .map(({ path, facts }) => taskFact(client, path, facts));
  return (await Promise.all(found)).flat();
}

function taskFact(client: ProxmoxClient, path: string, facts: Facts): Promise<LeftFact[]> {
  const known = typeof facts["upid"] === "string" ? `task ${facts["upid"]}` : `the request of step '${path}'`;
  return look(known, async () => {
    const upid = await taskOfStep(facts, client);
    if (upid === undefined) {
      const is = "was sent, or was about to be; no task of it is known";
      return facts["asked"] === true ? [{ about: known, is, known: false }] : [];
    }
    const about = `task ${upid}`;
    const task = await unless(["gone"], client.tasks.status(upid));
    if (task === undefined) return [{ about, is: "is not known to its node any more", known: true }];
    const is = task.status === "running" ? "is still at work" : `ended with '${task.exitstatus ?? "unknown"}'`;
    return [{ about, is, known: true }];
  });
}
