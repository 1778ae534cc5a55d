import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import { knownHostKeys, shownHostKeys } from "../scripts/clients/host-keys";
import { hostKeysOnNode } from "../scripts/clients/keys-on-node";
import { siteFolderName, stateHome } from "../scripts/machine/state-home";
import { fingerprintOf, guestAlias, keyBoundTo, keyToPin } from "../site/host-keys";
import type { SiteFacts } from "../site/preflight/facts";
import type { Environment, OwnedGuest } from "../site/settings/environment";
import { stateStoreComponents } from "../site/state-store/resource-names";
import { readToken } from "./credentials";
import type { Recorded } from "./recorded";
import { isMute } from "./mute-host";
import { lookingClient } from "./site-client";

/**
 * Fingerprint of the host key that this run trusts, although another one was recorded or the node cannot be asked. A variable,
 * for one run: in a file the consent would be for whoever shows that key the next time, too.
 */
export const hostKeyVariable = "LIFEBOAT_HOST_KEY";

/** A guest that the program logs in to, and how its key is told from another's. */
export interface KeyedGuest {
  readonly name: string;
  readonly id: number;
  readonly address: string;
  readonly environment: string;
  /** The key that the state has for the guest as it is now; undefined: none yet. */
  readonly recorded: string | undefined;
  /** Asks the guest's node over SSH; undefined: the settings declare none. */
  readonly onNode: (() => Promise<readonly string[]>) | undefined;
  /** Whether its address takes a connection and says nothing then. */
  readonly isMute: () => Promise<boolean>;
  /** What {@link hostKeyVariable} holds. */
  readonly consented: string | undefined;
  /** This run makes it: it was not on its node when the run began. */
  readonly isNew: boolean;
  /** Keys that this machine has recorded for it. */
  readonly knownHere: readonly string[];
}

/** A guest as its environment has it, and as the run has found or made it. */
interface FoundGuest {
  readonly guest: OwnedGuest;
  /** Of its component. */
  readonly name: string;
  /** Address of its network card. */
  readonly mac: string;
  readonly isNew: boolean;
}

/** The one host key that a guest may show, once it is known whether it was made anew. */
export type HostKeySource = (
  guest: OwnedGuest,
  name: string,
  macAddress: pulumi.Output<string>,
) => pulumi.Output<string>;

/**
 * Host keys of guests as the state has them; the first time as their node has them, or else as they are shown. In a preview
 * nobody is asked: a key that is not in the state is not known then.
 */
export function hostKeySource(
  environment: Environment,
  recorded: Recorded,
  facts: Pick<SiteFacts, "guests"> | undefined,
): HostKeySource {
  return (guest, name, macAddress) => {
    const isNew = willBeMade(guest.name, facts);
    const key = macAddress.apply((mac) => hostKeyNow(environment, recorded, { guest, name, mac, isNew }));
    return pulumi.interpolate`${key}`;
  };
}

/** Whether its node has no such guest. A state says nothing of that: somebody else may have written it. */
export function willBeMade(guest: string, facts: Pick<SiteFacts, "guests"> | undefined): boolean {
  return facts?.guests.find((one) => one.guest.name === guest)?.occupant.kind === "nobody";
}

/** The key of a guest whose network card has this address. @throws pulumi.RunError as {@link settleHostKey} does */
export async function hostKeyNow(
  environment: Environment,
  { outputs, recordedUnread }: Recorded,
  found: FoundGuest,
): Promise<string | typeof pulumi.unknown> {
  const { guest, name, mac } = found;
  const urn = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${stateStoreComponents.hostKey}::${name}`;
  const recorded = keyBoundTo(outputs[urn]?.["hostKey"], name, mac);
  if (pulumi.runtime.isDryRun()) return recorded ?? pulumi.unknown;
  // What could not be read is not absent: the first who answers would be trusted again.
  if (recordedUnread !== undefined) throw unreadState(guest, recordedUnread);
  return settleHostKey(keyedGuest(environment, found, recorded));
}

function unreadState({ name }: OwnedGuest, why: string): pulumi.RunError {
  return refusal(
    `Unable to log in to ${name}: which host key it has is in the state, which could not be read: ${why}\nHINT: lifeboat doctor ${pulumi.getStack()}`,
  );
}

function keyedGuest(environment: Environment, { guest, isNew }: FoundGuest, recorded: string | undefined): KeyedGuest {
  const { address } = guest.network;
  if (address.kind !== "static") throw new Error(`${guest.name} has no fixed address`);
  const consented = process.env[hostKeyVariable];
  return {
    name: guest.name,
    id: guest.id,
    address: address.ip,
    environment: environment.name,
    recorded,
    isNew,
    knownHere: knownHostKeys(knownHosts(environment), {
      host: address.ip,
      port: 22,
      alias: guestAlias(guest.id),
    }),
    isMute: () => isMute(address.ip),
    consented: consented === "" ? undefined : consented,
    // A machine keeps its keys where no node reads them.
    onNode:
      environment.proxmox.ssh === undefined || guest.kind !== "container"
        ? undefined
        : () => keysOnNode(environment, guest),
  };
}

/** That of the command line: what somebody has recorded for one is known to the other. */
function knownHosts({ name, proxmox }: Environment): string {
  return join(stateHome(process.env), siteFolderName(name, proxmox.endpoint), "known_hosts");
}

async function keysOnNode(environment: Environment, { id, node }: OwnedGuest): Promise<readonly string[]> {
  const { proxmox } = environment;
  const client = lookingClient(proxmox, readToken(environment));
  const login = {
    proxmox,
    knownHosts: knownHosts(environment),
    path: (file: string) => resolve(pulumi.getRootDirectory(), file),
  };
  try {
    return await hostKeysOnNode(client, login, { node, type: "lxc", vmid: id });
  } finally {
    await client.close();
  }
}

/** Seconds that the SSH server of a guest that has just been started may take. */
const patience = 60;

/**
 * The key that the guest has to show: that of the state, else the one that its node has, else the one that this machine has
 * recorded, else, where this run makes it, the one that it shows. Nobody has logged in to it then. That a state has no key for a
 * guest that was there before is no first use: whoever writes states could have one made at any time.
 *
 * @throws pulumi.RunError where another one is shown, or where its node should be asked and cannot
 */
export async function settleHostKey(guest: KeyedGuest): Promise<string> {
  const { address, recorded, onNode, consented, isNew, knownHere } = guest;
  const shown = await shownHostKeys(address, recorded === undefined ? patience : 0);
  // One that is off is found out where something is to be done in it: its key is still this one.
  if (recorded !== undefined && shown.length === 0 && (await guest.isMute())) throw mute(guest);
  if (recorded !== undefined && (shown.length === 0 || shown.includes(recorded))) return recorded;
  const best = keyToPin(shown);
  if (best === undefined) throw silent(guest);
  const said = await onNode?.().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (said !== undefined && typeof said !== "string") {
    const own = keyToPin(shown.filter((key) => said.includes(key)));
    if (own !== undefined) return own;
    throw another(guest, best, keyToPin(said) ?? said[0], "its node");
  }
  const named = shown.find((key) => fingerprintOf(key) === consented);
  if (named !== undefined) return named;
  if (recorded !== undefined) throw another(guest, best, recorded, "the state");
  if (said !== undefined) throw unvouched(guest, best, said);
  if (!isNew) {
    const known = keyToPin(shown.filter((key) => knownHere.includes(key)));
    if (known === undefined) throw unvouched(guest, best, "lifeboat:proxmox has no ssh");
    return known;
  }
  await pulumi.log.info(
    `The host key of ${guest.name} at ${address} is trusted on first use, and recorded: ${fingerprintOf(best)}. With ssh in lifeboat:proxmox its node is asked for it.`,
  );
  return best;
}

/** The provider has a limit for the connection and none for what comes then: it would wait without end. */
function mute({ name, id, address }: KeyedGuest): pulumi.RunError {
  return refusal(
    `Unable to log in to ${name} (${String(id)}) at ${address}: it takes connections to port 22 and says nothing` +
      `\nHINT: on its console: systemctl restart ssh; or start the guest again`,
  );
}

function silent({ name, id, address }: KeyedGuest): pulumi.RunError {
  return refusal(
    `Unable to log in to ${name} (${String(id)}) at ${address}: it shows no host key of SSH (ed25519 or ecdsa)` +
      `\nHINT: see that it runs, and its SSH server: systemctl status ssh; ssh-keygen -A makes keys that are missing`,
  );
}

const own = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";

function another(
  { name, id, address, environment }: KeyedGuest,
  shown: string,
  expected: string | undefined,
  by: "its node" | "the state",
): pulumi.RunError {
  const wanted = expected === undefined ? "none that could be pinned" : fingerprintOf(expected);
  const consent = `if the guest has a new key, compare it on its console (${own}), then: ${hostKeyVariable}=${fingerprintOf(shown)} lifeboat up ${environment}`;
  return refusal(
    `Unable to log in to ${name} (${String(id)}) at ${address}: whoever answers there shows the host key ${fingerprintOf(shown)}, and that of the guest is ${wanted} by ${by}; nothing was sent to it` +
      `\nHINT: another machine may have its address (ip neigh show ${address})${by === "the state" ? `; ${consent}` : ""}`,
  );
}

function unvouched({ name, id, address, environment }: KeyedGuest, shown: string, why: string): pulumi.RunError {
  const fingerprint = fingerprintOf(shown);
  return refusal(
    `Unable to log in to ${name} (${String(id)}) at ${address}: its host key is not known, and its node cannot be asked: ${why}; nothing was sent to it` +
      `\nHINT: let the node answer (ssh in lifeboat:proxmox); or compare ${fingerprint} with its key on its console (${own}), then: ${hostKeyVariable}=${fingerprint} lifeboat up ${environment}`,
  );
}
