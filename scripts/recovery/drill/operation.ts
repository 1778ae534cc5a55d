import { counted } from "../../terminal/text";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { withProof } from "../../../site/drill/proof-notes";
import { guestAlias } from "../../../site/host-keys";
import { seedDrives } from "../../../site/restore/machine-drives";
import type { DrillSettings, Guest } from "../../../site/settings/environment";
import { knownHostKeys } from "../../clients/host-keys";
import { hostKeysOnNode, nodeAccess } from "../../clients/keys-on-node";
import type { GuestShellOptions } from "../../clients/guest-shell";
import type { GivenAnswers } from "../engine/consent";
import type { Operation } from "../engine/operation";
import { type NodeSession, readable } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import type { Finding } from "../engine/step";
import { nodeHost, nodeLogin } from "../steps/guest/log-in";
import { requireRights, rightsFor } from "../steps/guest/rights";
import { addProof, type Proof } from "./history";
import { keysOfCopy } from "./copy-keys";
import { planDrill } from "./make-plan";
import { type Candidate, drillKind, type DrillPlan, drillPlanSchema } from "./plan";
import type { DrillWays } from "./probe";
import { drillSteps, type DrillWorld } from "./steps";
import { drillReport, drillView } from "./view";

/** What `lifeboat drill` was asked for. */
export interface DrillRequest {
  readonly settings: DrillSettings;
  readonly guests: readonly Guest[];
  /** Seconds after which no further group is begun. */
  readonly within: number | undefined;
  readonly checkSeconds: number;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** Copies of guests are made of their newest archives where nothing can reach anything, checked, and destroyed (G2). */
export function drillOperation(session: NodeSession, request: DrillRequest): Operation<DrillPlan> {
  const { client, subject } = session;
  const { settings, guests, within, command, given } = request;
  const steps: Operation<DrillPlan>["steps"] = (plan, begun) =>
    drillSteps(plan, worldOf(session, plan, request), begun);
  return {
    kind: drillKind,
    name: `drill of ${subject.environment}`,
    schema: drillPlanSchema,
    request: { guests: guests.map(({ name }) => name).join(" "), within: String(within ?? "") },
    command,
    given,
    plan: async () => {
      const drills = readable(() => session.state.readAll().journals).filter(
        ({ contents }) => contents.kind === drillKind,
      );
      const ownDrills = new Set(drills.map(({ contents }) => contents.id));
      const plan = await planDrill(session, settings, { guests, within, ownDrills });
      const copies = plan.groups.flat().filter(({ target }) => target !== undefined).length;
      const question = `Make ${counted(copies, "copy", "copies")} on ${settings.bridge}, and destroy ${copies === 1 ? "it" : "them"} again?`;
      const demand = { flag: forceFlag, reason: "the plan is not confirmed", question };
      const bytes = plan.groups.flat().reduce((sum, { archive }) => sum + (archive?.size ?? 0), 0);
      return { plan, demands: [demand], inputs: {}, view: drillView(plan), bytes };
    },
    permitted: (plan) => requireDrillRights(client, plan),
    steps,
    report: drillReport,
    meaning: (plan) => ({
      text: `no guest of ${plan.environment} was touched; what copies are left are destroyed by the next drill.`,
      hint: command,
    }),
    // A drill says what is true now: one that has not ended is held again, and what it left is destroyed first.
    outdated: (open) =>
      `A drill begun at ${open.contents.startedAt} has not ended; it is held anew, and what it left is destroyed.`,
  };
}

const privileges = [
  "VM.Allocate",
  "VM.Backup",
  "VM.PowerMgmt",
  "VM.Config.Disk",
  "VM.Config.CPU",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "Datastore.AllocateSpace",
];

async function requireDrillRights(client: ProxmoxClient, { groups, leftovers }: DrillPlan): Promise<void> {
  const candidates = groups.flat();
  const idsWith = (...kinds: readonly string[]): number[] =>
    candidates.flatMap(({ target, checks }) =>
      checks.some(({ kind }) => kinds.includes(kind)) ? (target?.vmid ?? []) : [],
    );
  const guests = [...candidates, ...leftovers].flatMap(({ target }) => target?.vmid ?? []);
  if (guests.length === 0) return;
  await requireRights(client, [
    ...rightsFor(privileges, { guests }),
    ...rightsFor(["VM.GuestAgent.Audit"], { guests: [], machines: idsWith("agent", "agent-exec") }),
    ...rightsFor(["VM.GuestAgent.Unrestricted"], { guests: [], commanded: idsWith("agent-exec") }),
  ]);
}

function worldOf(session: NodeSession, plan: DrillPlan, { checkSeconds }: DrillRequest): DrillWorld {
  const { client, state } = session;
  return {
    client,
    checkSeconds,
    ways: waysOf(session, plan.bridge),
    record: async (proof) => {
      addProof(state.path, proof);
      return noteProof(client, plan.environment, proof);
    },
  };
}

/**
 * Other machines read it in the archive's notes, the exporter among them. What is only in the history of this machine is not proven to
 * them.
 */
async function noteProof(client: ProxmoxClient, environment: string, proof: Proof): Promise<Finding[]> {
  const { archive, node, guest } = proof;
  if (archive === undefined || node === undefined) return [];
  try {
    const { notes = "" } = await client.backups.archiveDetails(node, archive);
    await client.backups.setArchiveNotes(node, archive, withProof(notes, archive, proof));
    return [];
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    const text = `${guest}: what the drill found is not in the notes of ${archive}, where other machines read it (${error.reason})${proof.proven ? "; to them its backup is not proven" : ""}`;
    return [{ severity: "problem", text, mend: `lifeboat drill ${environment}/${guest}` }];
  }
}

function waysOf(session: NodeSession, bridge: string): DrillWays {
  const { client, environment } = session;
  const { ssh } = environment.settings.proxmox;
  const access = nodeAccess(nodeLogin(session));
  return {
    client,
    bridge,
    node:
      ssh === undefined
        ? undefined
        : async (name) => {
            const host = await nodeHost(session, name);
            return { host, access };
          },
    login: (candidate, proxy) => loginOf(session, candidate, proxy),
  };
}

/** Its host keys are kept apart: what is known of the original stays as it is. */
function loginOf(session: NodeSession, { vmid, target }: Candidate, proxy: string): GuestShellOptions {
  const { client, environment, state } = session;
  const { ssh } = environment.settings;
  const knownHosts = join(state.path, "drill_known_hosts");
  rmSync(knownHosts, { force: true });
  const alias = guestAlias(vmid);
  return {
    user: ssh.user,
    identity: ssh.identity === undefined ? undefined : environment.path(ssh.identity),
    knownHosts,
    alias,
    proxy,
    // Two logins and a network that the node makes first: on a busy one that is no silence of the copy.
    connectTimeout: 30,
    // Nothing but copies is on the bridge, which only the node reaches.
    isNew: target?.type === "qemu",
    hostKeys: async (signal) => {
      const pinned = knownHostKeys(join(state.path, "known_hosts"), { host: alias, port: 22, alias });
      if (target === undefined) return pinned;
      return keysOfCopy({
        type: target.type,
        pinned,
        onNode: () => hostKeysOnNode(client, nodeLogin(session), target, signal),
        hasCloudInit: async () => seedDrives(await client.guests.guestConfig(target)).length > 0,
      });
    },
  };
}
