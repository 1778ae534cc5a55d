import type { ProxmoxClient } from "../../../proxmox/api/client";
import { isNewNode } from "../../../site/replaced-node/node-mapping";
import type { Guest } from "../../../site/settings/environment";
import { type Failure, failureOf } from "../../clients/failure";
import { runBounded } from "../../machine/bounded";
import { shellQuote } from "../../machine/shell-quote";
import type { LoadedEnvironment } from "../../project/site";
import type { Demand } from "../engine/consent";
import { digestOf } from "../engine/digest";
import { describeOpen } from "../engine/kinds";
import type { MemberDemands } from "../engine/merge-demands";
import { planPermitted } from "../engine/operation";
import { type GuestSession, journalsOf, sessionOf, unfinished } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { restoreKind } from "../restore-guest/journals";
import { requestTexts, restoreOperation, type RestoreRequest, type ShownRestore } from "../restore-guest/operation";
import { byUrgency } from "./by-urgency";
import { type ClusterLook, lookAtCluster, onLivingNode, placedOn, type Way, wayOfListed } from "./dead-node";
import {
  copyOfUnseen,
  type CopyNeed,
  hasNoArchive,
  hasNoneHere,
  isFromElsewhere,
  wayFromElsewhere,
} from "./look-elsewhere";
import { type DataCopy, type EnvironmentLook, type GuestLook, isRestored } from "./plan";
import { isAsked, type SiteSession } from "./session";

/** What the looks at guests came to, beside what the plan says of them. */
export interface RestoreNeeds {
  readonly demands: MemberDemands[];
  readonly restores: ShownRestore[];
  readonly copies: CopyNeed[];
}

/** Guests that are looked at, at the same time. */
const atOnce = 8;

/** The node that is asked for: where the settings have a guest, that goes without saying. */
export function placeOf({ node, declaredNode }: Pick<GuestLook, "node" | "declaredNode">): string | undefined {
  return declaredNode === undefined ? undefined : node;
}

type GuestNamed = Pick<GuestSession, "selector" | "guest">;

/**
 * The restore of one guest, as a recovery asks for it. Its answers are those that the recovery was given.
 *
 * @param archive the one that was brought from elsewhere. Default: the newest good one
 */
export function requestFor(
  { asked }: Pick<SiteSession, "asked">,
  { selector, guest }: GuestNamed,
  node: string | undefined,
  archive?: string,
): RestoreRequest {
  const { mapping } = asked;
  const isMoved = mapping !== undefined && isNewNode(mapping, guest.node);
  return {
    wish: { archive, at: undefined, targetId: undefined, node },
    storage: undefined,
    ...(isMoved ? { storages: mapping.storages } : {}),
    given: { ...asked.given, [forceFlag]: true },
    checkSeconds: asked.checkSeconds,
    command: `lifeboat restore guest ${selector}${archive === undefined ? "" : ` --archive ${shellQuote(archive)}`}`,
    undoes: undefined,
    inBatch: true,
  };
}

/**
 * What is there of an environment's guests that are asked for, and how each of the others comes back. The caller has seen to it that the token may see
 * every guest: Proxmox leaves others out of its list (K6).
 *
 * @param storage whether archives can be seen
 * @param store name of the guest that has the state store, where it is of this environment
 * @throws ProxmoxError, CommandError (14) where what is there cannot be seen
 */
export async function lookAtGuests(
  session: SiteSession,
  environment: LoadedEnvironment,
  client: ProxmoxClient,
  {
    storage,
    store,
    needs,
  }: { readonly storage: EnvironmentLook["storage"]; readonly store: string | undefined; readonly needs: RestoreNeeds },
): Promise<Pick<EnvironmentLook, "guests" | "goneBesides">> {
  const { guests } = environment.settings;
  const wanted = byUrgency(guests.filter(({ name }) => isAsked(session.asked, environment.name, name)));
  const cluster = await lookAtCluster(client);
  const besides = guests.filter((guest) => !wanted.includes(guest) && !cluster.guests.has(guest.id));
  const bounds = { parallel: atOnce, perKey: atOnce, keyOf: () => "" };
  const looks = await runBounded(wanted, bounds, async (guest): Promise<GuestLook> => {
    const own = await sessionOf({ environment, guest }, session.context, session.dryRun);
    const base = {
      name: guest.name,
      id: guest.id,
      node: guest.node,
      rpoSeconds: guest.objectives.rpo,
      needs: [...(guest.needs ?? [])],
    };
    const way = await wayOf(session, own, { client, cluster, storage, isStore: guest.name === store, needs });
    const isMade = withoutArchive(guest) === "anew" && (way.way === "none" || isRestored(way));
    return { ...base, ...way, ...(isMade ? { ownStack: true } : {}), ...(await dataOf(session, own, way)) };
  });
  return { guests: looks, ...(besides.length === 0 ? {} : { goneBesides: besides.map(({ name }) => name) }) };
}

/** The data of a guest that is restored, with what lies elsewhere of them. */
async function dataOf(
  session: SiteSession,
  { guest, selector }: GuestSession,
  { way }: Way,
): Promise<Pick<GuestLook, "data">> {
  if (guest.data.length === 0 || !isRestored({ way })) return {};
  const copies = await session.copies(selector, session.context);
  const isLeft = ({ source }: DataCopy): boolean =>
    session.dataLeft.all || session.dataLeft.sources.includes(`${selector}/${source}`);
  return { data: copies.map((copy) => (isLeft(copy) ? { ...copy, left: true } : copy)) };
}

interface Found {
  readonly client: ProxmoxClient;
  readonly cluster: ClusterLook;
  readonly storage: EnvironmentLook["storage"];
  readonly isStore: boolean;
  readonly needs: RestoreNeeds;
}

async function wayOf(session: SiteSession, own: GuestSession, found: Found): Promise<Way> {
  const { guest } = own;
  const listed = found.cluster.guests.get(guest.id);
  const open = unfinished(journalsOf(own), restoreKind);
  if (open !== undefined) {
    const { kind, request: asked } = open.contents;
    const archive = isFromElsewhere(session.asked) ? asked["archive"] : undefined;
    const request = requestFor(session, own, asked["node"], archive);
    if (kind === restoreKind && digestOf(asked) === digestOf(requestTexts(request))) {
      const named = archive === undefined ? {} : { archive };
      return { way: "resume", ...named, ...placedOn(asked["node"] ?? guest.node, guest) };
    }
    const { text, hint } = describeOpen(open.contents, own.environment);
    return { way: listed === undefined ? "none" : "there", why: `${text} is half done`, mend: hint };
  }
  if (listed !== undefined) return wayOfListed(found.client, found.cluster, listed, own);
  return onLivingNode(found.cluster, guest, async (node) => {
    // On another node no stack makes it: there its archive is the way back.
    if (found.isStore && node === undefined) return { way: "store" };
    return fromArchive(session, own, requestFor(session, own, node), found);
  });
}

async function fromArchive(
  session: SiteSession,
  own: GuestSession,
  request: RestoreRequest,
  { storage, needs }: Pick<Found, "storage" | "needs">,
): Promise<Way> {
  const isElsewhere = isFromElsewhere(session.asked);
  const { node } = request.wish;
  if (storage.state === "define") {
    return { way: "archive unseen", ...(isElsewhere ? await copyOfUnseen(own, node) : {}) };
  }
  try {
    const planned = await planPermitted(restoreOperation(own, request));
    if ("nothing" in planned) throw new Error("A restore has always something to do.");
    needs.restores.push(planned);
    needs.demands.push({ name: own.selector, demands: planned.demands.filter(isLoss), given: request.given });
    const { archive } = planned.shown;
    return { way: "archive", archive: archive.volid, bytes: archive.bytes, ageSeconds: archive.age };
  } catch (error) {
    session.context.signal.throwIfAborted();
    const { reason, hint, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    const here = wayWithout(own, { reason, hint, isNone: hasNoArchive(error) });
    if (!isElsewhere || !hasNoneHere(error)) return here;
    return wayFromElsewhere(own, { here, error, node, needs: needs.copies });
  }
}

/** A guest that has no archive here, or of which that is not known. */
function wayWithout(
  { guest, environment }: GuestSession,
  { reason, hint, isNone }: Pick<Failure, "reason" | "hint"> & { readonly isNone: boolean },
): Way {
  if (!isNone) return { way: "none", why: reason, ...(hint === undefined ? {} : { mend: hint }) };
  const { optOut } = guest;
  const mend =
    environment.settings.offsite === undefined ? hint : "a copy may lie elsewhere: lifeboat recover --from offsite";
  return {
    way: withoutArchive(guest),
    why: optOut === undefined ? reason : `it is left out of backups: ${optOut.reason} (${optOut.owner})`,
    ...(optOut !== undefined || mend === undefined ? {} : { mend }),
  };
}

/** The guest that has the state store, where no copy of the states is left: then its archive is the way back. */
export async function lookAtStoreGuest(
  session: SiteSession,
  { name: owner, storage }: EnvironmentLook,
  look: GuestLook,
  needs: RestoreNeeds,
): Promise<GuestLook> {
  if (look.way !== "store") return look;
  const found = session.site.findGuest(`${owner}/${look.name}`);
  const own = await sessionOf(found, session.context, session.dryRun);
  return {
    ...look,
    ...(await fromArchive(session, own, requestFor(session, own, undefined), { storage, needs })),
  };
}

function isLoss({ flag }: Demand): boolean {
  return flag !== forceFlag;
}

/** What the program makes it makes again; a guest that was made by hand is described nowhere. */
export function withoutArchive({ kind }: Guest): "anew" | "none" {
  return kind === "adopted" ? "none" : "anew";
}
