import { recordedAs } from "../../../site/resources";
import type { Guest, OwnedGuest } from "../../../site/settings/environment";
import { fingerprintOf, keyToPin } from "../../../site/host-keys";
import { knownHostKeys, pinHostKeys, replaceHostKeys, shownHostKeys } from "../../clients/host-keys";
import type { LoadedEnvironment } from "../../project/environment";
import type { StateFolder } from "../engine/state-folder";
import type { Finding } from "../engine/step";
import { guestAccess } from "../steps/guest/log-in";
import type { Deployment } from "./exported-state";

/** What is logged in to, and where it is recorded. */
interface Site {
  readonly environment: LoadedEnvironment;
  readonly state: StateFolder;
}

/** Seconds that the SSH server of a guest that was just made may take. */
const patience = 15;

/**
 * Records the host keys of guests that Lifeboat logs in to, so that the first login on the worst day is no first use: by what
 * their nodes say, or, of guests that this update has made, by what they show. Of others nobody knows who answers by now.
 *
 * @param begun when the update began, in milliseconds
 */
export async function recordHostKeys(
  site: Site,
  { resources }: Deployment,
  begun: number,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { settings } = site.environment;
  const store = settings.stateStore?.kind === "container" ? settings.stateStore.guest : undefined;
  const guests = settings.guests.filter(isOwned).filter(({ name, checks, network }) => {
    return network.address.kind === "static" && (name === store || checks.some(({ kind }) => kind === "ssh"));
  });
  const urns = resources.map(({ urn }) => urn);
  const made = new Set(
    resources
      .filter(({ created, importID }) => (importID ?? "") === "" && Date.parse(created ?? "") >= begun)
      .map(({ urn }) => urn),
  );
  const findings = guests.map(async (guest): Promise<Finding[]> => {
    const urn = recordedAs(urns, guest.kind, guest.kind, guest.name);
    const isNew = urn !== undefined && made.has(urn);
    try {
      return await recordOne(site, guest, isNew, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      return [{ severity: "note", text: `the host key of ${guest.name} is not recorded: ${why}` }];
    }
  });
  return (await Promise.all(findings)).flat();
}

function isOwned(guest: Guest): guest is OwnedGuest {
  return guest.kind !== "adopted";
}

async function recordOne(
  site: Site,
  { id, name, node, kind, network }: OwnedGuest,
  isNew: boolean,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (network.address.kind !== "static") return [];
  const host = network.address.ip;
  const target = { node, vmid: id, type: kind === "container" ? "lxc" : "qemu" } as const;
  const { knownHosts, alias, hostKeys } = guestAccess(site, target, isNew);
  const entry = { host, port: 22, alias };
  if (!isNew && (hostKeys === undefined || knownHostKeys(knownHosts, entry).length > 0)) return [];
  // Whoever had the id before is gone.
  const record = isNew ? replaceHostKeys : pinHostKeys;
  if (hostKeys !== undefined) {
    record(knownHosts, entry, await hostKeys(signal));
    return [];
  }
  const shown = await shownHostKeys(host, patience, signal);
  const best = keyToPin(shown);
  if (best === undefined) throw new Error(`it shows none at ${host} yet`);
  record(knownHosts, entry, shown);
  const fingerprint = fingerprintOf(best);
  return [
    {
      severity: "note",
      text: `the host key of ${name} at ${host} is trusted on first use, and recorded: ${fingerprint}`,
    },
  ];
}
