import type { Guest as ListedGuest } from "../../../proxmox/api/answers";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { isNetworkKey, parseNetwork } from "../../../proxmox/rules/property-strings";
import { drillMacs, drillParameters, fixedAddress, probeAddress } from "../../../site/drill/copy-parameters";
import { drillGroups } from "../../../site/drill/groups";
import { whyNotIsolated } from "../../../site/drill/isolation";
import { readDrillMark, verdictOn } from "../../../site/drill/mark";
import type { DrillSettings, Guest } from "../../../site/settings/environment";
import { setupHint } from "../../clients/failure";
import { formatDuration } from "../../terminal/durations";
import { whoRunsThis } from "../../machine/who";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { inspectRestore } from "../restore-guest/inspect";
import { planRestore } from "../restore-guest/make-plan";
import { declaredIds, type DeclaredIds } from "../steps/guest/declared-ids";
import { nodeClock } from "../steps/guest/node-facts";
import { waitForTasks } from "../steps/guest/own-tasks";
import type { NodeSession } from "../engine/session";
import { isUnfinished, refuseUnfinished } from "./copies";
import type { Candidate, DrillPlan, Leftover } from "./plan";

/** What is asked for. */
export interface DrillWish {
  /** Names of guests; none: all that are backed up. */
  readonly guests: readonly Guest[];
  readonly within: number | undefined;
  /** Ids of this machine's drills, whose lock is held: what they left is nobody's. */
  readonly ownDrills: ReadonlySet<string>;
}

/**
 * Looks at bridge, range and archives, and decides what is made. A guest that cannot be restored is part of the plan, with the
 * reason; what concerns all of them is refused. GET only.
 *
 * @throws CommandError (11, 13, 14)
 */
export async function planDrill(session: NodeSession, settings: DrillSettings, wish: DrillWish): Promise<DrillPlan> {
  const { client, environment } = session;
  const declared = declaredIds(await session.context.site());
  const listed = await client.cluster.guests();
  const { time } = await nodeClock(client, environment.settings.proxmox.node);
  const occupants = listed.filter(({ vmid }) => vmid >= settings.ids.from && vmid <= settings.ids.to);
  const leftovers = await leftoversAmong(session, occupants, wish.ownDrills, Math.floor(time));
  const ids = freeIds(settings, new Set(occupants.map(({ vmid }) => vmid)), declared);
  const groups = drillGroups(environment.settings.guests, wish.guests);
  const planned: Candidate[][] = [];
  for (const group of groups) {
    const candidates: Candidate[] = [];
    for (const guest of group) candidates.push(await candidateOf(session, settings, guest, { declared, ids }));
    planned.push(withAddresses(candidates));
  }
  const nodes = new Set(planned.flat().flatMap(({ target }) => target?.node ?? []));
  for (const node of nodes) await requireIsolation(client, node, settings.bridge, listed, settings.ids);
  return {
    environment: environment.name,
    bridge: settings.bridge,
    ids: { ...settings.ids },
    time: Math.floor(time),
    ...(wish.within === undefined ? {} : { within: wish.within }),
    leftovers,
    groups: planned.map(splitNodes),
    guests: [],
  };
}

/** Numbers of the range that nobody has, the lowest first, each once. */
function* freeIds({ ids }: DrillSettings, taken: ReadonlySet<number>, { owners }: DeclaredIds): Generator<number> {
  for (let id = ids.from; id <= ids.to; id += 1) if (!taken.has(id) && !owners.has(id)) yield id;
}

/**
 * What earlier drills have left in the range.
 *
 * @throws CommandError (11) while somebody else's drill may still be at work, (13) where nobody can tell whose a guest is
 */
async function leftoversAmong(
  { client, context, environment }: NodeSession,
  occupants: readonly ListedGuest[],
  ownDrills: ReadonlySet<string>,
  now: number,
): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const { node, type, vmid } of occupants) {
    const target: GuestAddress = { node, type, vmid };
    await waitForTasks(client, target, { signal: context.signal, progress: () => undefined });
    if (!(await client.guests.exists(target))) continue;
    const { description, lock } = await client.guests.guestConfig(target);
    const mark = readDrillMark(description);
    if (isUnfinished({ description, lock })) throw refuseUnfinished(target);
    if (mark === undefined) {
      throw new CommandError(`guest ${vmid} on ${node} has a number of the drills' range, and no drill's mark`, {
        exitCode: exitCodes.refused,
        hint: `look whose it is: give it another number, or let lifeboat:drill.ids of ${environment.name} leave its number out`,
      });
    }
    const isOwn = mark.by === whoRunsThis().replaceAll(/\s+/gu, "-") && ownDrills.has(mark.operation);
    const verdict = verdictOn(mark, isOwn, now);
    if (verdict === "reap") found.push({ target, mark });
    else throw refuseForeign(target, mark.by, verdict === "alive" ? now - mark.time : undefined);
  }
  return found;
}

function refuseForeign({ vmid }: GuestAddress, by: string, age: number | undefined): CommandError {
  const when = age === undefined ? "at a time that this node's clock has not come to" : `${formatDuration(age)} ago`;
  return new CommandError(`a drill of ${by}, begun ${when}, may still be at work: guest ${vmid} is its copy`, {
    exitCode: exitCodes.locked,
    hint: "wait until it has ended; what a dead one has left is destroyed by the next drill after six hours, or by the next drill on its own machine",
  });
}

/** @throws CommandError (13, 14) */
async function requireIsolation(
  client: ProxmoxClient,
  node: string,
  bridge: string,
  listed: readonly ListedGuest[],
  ids: DrillSettings["ids"],
): Promise<void> {
  if (!(await client.cluster.privilegesOn(`/nodes/${node}`)).has("Sys.Audit")) {
    throw new CommandError(
      `whether the bridge ${bridge} of ${node} leads nowhere is not known: the token lacks Sys.Audit on /nodes/${node}`,
      {
        exitCode: exitCodes.unavailable,
        hint: setupHint,
      },
    );
  }
  const { interfaces, isPending } = await client.cluster.interfaces(node);
  const why = isPending
    ? "changes of the node's network wait to be applied, so that what it is now cannot be seen"
    : whyNotIsolated(bridge, interfaces);
  if (why !== undefined) {
    throw new CommandError(`the bridge ${bridge} of ${node} is not one for drills: ${why}`, {
      exitCode: exitCodes.refused,
      hint: `make one without ports and without an address: Proxmox's web interface, ${node}, Network, Create, Linux Bridge ${bridge}, with no ports; then Apply Configuration`,
    });
  }
  for (const guest of listed) {
    if (guest.node !== node || (guest.vmid >= ids.from && guest.vmid <= ids.to)) continue;
    const keys = await client.guests.guestConfig(guest);
    const isOn = Object.entries(keys).some(
      ([key, text]) => isNetworkKey(key) && parseNetwork(guest.type, text, key, "keep").bridge === bridge,
    );
    if (!isOn) continue;
    throw new CommandError(`the bridge ${bridge} of ${node} is not one for drills: guest ${guest.vmid} is on it`, {
      exitCode: exitCodes.refused,
      hint: "a guest with another card might lead out of it: take it off the bridge, or name another bridge",
    });
  }
}

interface CandidatePlace {
  readonly declared: DeclaredIds;
  readonly ids: Generator<number>;
}

async function candidateOf(
  session: NodeSession,
  settings: DrillSettings,
  guest: Guest,
  { declared, ids }: CandidatePlace,
): Promise<Candidate> {
  const base = {
    guest: guest.name,
    vmid: guest.id,
    checks: [...guest.checks],
    needs: [...(guest.needs ?? [])],
    ...(guest.objectives.rto === undefined ? {} : { rto: guest.objectives.rto }),
  };
  for (let next = ids.next(); next.done !== true; next = ids.next()) {
    try {
      const copy = await copyOf(session, settings, guest, { declared, targetId: next.value });
      // Another guest's disk or firewall file may have stayed under this number.
      if (copy !== "used") return { ...base, ...copy };
    } catch (error) {
      if (error instanceof CommandError) return { ...base, unfit: error.message };
      throw error;
    }
  }
  return { ...base, unfit: `no number is free from ${String(settings.ids.from)} to ${String(settings.ids.to)}` };
}

/** @returns `used`: something bears the number */
async function copyOf(
  { client, environment }: NodeSession,
  { bridge, storage }: DrillSettings,
  guest: Guest,
  { declared, targetId }: { readonly declared: DeclaredIds; readonly targetId: number },
): Promise<Partial<Candidate> | "used"> {
  const selector = `${environment.name}/${guest.name}`;
  const wish = { archive: undefined, at: undefined, targetId, node: undefined };
  const subject = { guest, selector, settings: environment.settings, declared, takeId: () => true };
  const inspection = await inspectRestore(client, subject, wish);
  const { archived, chosen, targetTraces } = inspection;
  if (targetTraces.known.length > 0) return "used";
  const [trace] = targetTraces.unknown;
  if (trace !== undefined) return { unfit: `the number ${String(targetId)} is not unused: ${trace}` };
  const options = {
    withoutSavePoint: undefined,
    mayBeRoot: false,
    leftProtected: [],
    isWreck: false,
    left: [],
    live: false,
  };
  const { plan } = planRestore(environment.settings, inspection, {
    ...options,
    storage,
    inBatch: false,
    undoes: undefined,
  });
  if (plan.originals !== undefined) {
    return {
      unfit: `a copy would have ${plan.originals.join(", ")} of its original, which only root@pam may take out`,
    };
  }
  const copy = { kind: chosen.type, targetId, bridge };
  const { description: _description, ...request } = plan.request;
  const parameters = Object.entries(request).filter(([key]) => !/^ipconfig\d+$/u.test(key));
  return {
    target: plan.target,
    archive: { volid: chosen.volid, time: chosen.time, size: chosen.size ?? 0 },
    request: { ...Object.fromEntries(parameters), ...drillParameters(archived.keys, copy) },
    macs: drillMacs(archived.keys, copy),
    ...addressOf(guest, fixedAddress(chosen.type, archived.keys)),
  };
}

/** The archive says which address the copy will have; of an older one without it the settings. */
function addressOf(guest: Guest, archived: ReturnType<typeof fixedAddress>): Pick<Candidate, "address"> {
  const address = guest.kind === "adopted" ? undefined : guest.network.address;
  const declared = address?.kind === "static" && address.family === 4 ? address : undefined;
  const own = archived ?? (declared && { cidr: declared.cidr, gateway: declared.gateway });
  const found = own && probeAddress(own, new Set());
  return found === undefined ? {} : { address: found };
}

/** Nobody asks from an address that a guest of the same group has, such as that of a router. */
function withAddresses(candidates: readonly Candidate[]): Candidate[] {
  const taken = new Set(candidates.flatMap(({ address }) => address?.host ?? []));
  return candidates.map((candidate) => {
    const { address } = candidate;
    if (address === undefined) return candidate;
    const [from = "", prefix = ""] = address.from.split("/");
    if (!taken.has(from)) return candidate;
    const other = probeAddress({ cidr: `${address.host}/${prefix}`, gateway: undefined }, taken);
    if (other !== undefined) return { ...candidate, address: other };
    const { address: _address, ...rest } = candidate;
    return rest;
  });
}

/** Guests of one group have to be on one node: a bridge that leads nowhere leads to no other node. */
function splitNodes(group: readonly Candidate[]): Candidate[] {
  const home = group.find(({ target }) => target !== undefined)?.target?.node;
  return group.map((candidate): Candidate => {
    if (candidate.target === undefined || candidate.target.node === home) return candidate;
    const { target, request: _request, ...rest } = candidate;
    return { ...rest, unfit: `it is on ${target.node}, and what it is drilled with on ${String(home)}` };
  });
}
