import type { Authority } from "../../model/access";
import type { Cluster } from "../../model/site";
import { permissionFailure } from "../../protocol/failure";
import { splitList } from "../../protocol/parameters";
import { newVolumeSize } from "../../../../proxmox/rules/volume-ids";
import { FORMATS, readProperties } from "../properties";
import { checkVolumeAccess } from "../storages";
import { isMountKey, readMount } from "./mount-points";
import { checkBridge } from "./networks";

/** A change of a container's configuration that somebody asks for. */
export interface RequestedChange {
  vmid: number;
  /** Pool that a new container goes into. */
  pool?: string | undefined;
  /** The configuration as it is; undefined for a new container. */
  current?: ReadonlyMap<string, string>;
  unprivileged: boolean;
}

/**
 * The rights that options need (PVE::LXC::check_ct_modify_config_perm). root@pam may everything.
 * @throws the 403 of the first option that is not allowed
 */
export function checkOptionRights(
  cluster: Cluster,
  authority: Authority,
  change: RequestedChange,
  values: ReadonlyMap<string, string>,
  removed: readonly string[] = [],
): void {
  if (authority.isRoot) return;
  for (const [key, value] of values) checkOption(cluster, authority, change, key, value);
  for (const key of removed) checkOption(cluster, authority, change, key, undefined);
}

function checkOption(
  cluster: Cluster,
  authority: Authority,
  change: RequestedChange,
  key: string,
  value: string | undefined,
): void {
  const { vmid, pool, current } = change;
  const need = (privilege: string) => authority.checkGuest(vmid, pool, privilege);
  if (["cores", "cpuunits", "cpulimit"].includes(key)) return need("VM.Config.CPU");
  if (["memory", "swap"].includes(key)) return need("VM.Config.Memory");
  if (["nameserver", "searchdomain", "hostname"].includes(key)) return need("VM.Config.Network");
  if (isMountKey(key)) {
    need("VM.Config.Disk");
    if (value !== undefined) checkMount(cluster, authority, vmid, key, value);
  } else if (/^net\d+$/.test(key)) {
    need("VM.Config.Network");
    for (const network of [current?.get(key), value]) if (network !== undefined) checkBridge(authority, network);
  } else if (/^dev\d+$/.test(key)) {
    throw permissionFailure("configuring device passthrough is only allowed for root@pam");
  } else if (key === "features") checkFeatures(authority, change, value);
  else if (key === "tags") return authority.checkGuest(vmid, undefined, "VM.Config.Options");
  else if (key === "hookscript") throw permissionFailure("changing the hookscript is only allowed for root@pam");
  else need("VM.Config.Options");
}

function checkMount(cluster: Cluster, authority: Authority, vmid: number, key: string, value: string): void {
  const mount = readMount(key, value);
  if (mount.kind !== "volume") {
    throw permissionFailure(`mount point type ${mount.kind} is only allowed for root@pam`);
  }
  const wanted = newVolumeSize(mount.volume);
  if (wanted !== undefined) authority.check(`/storage/${wanted.storage}`, "Datastore.AllocateSpace");
  else checkVolumeAccess(cluster, authority, vmid, mount.volume, "rootdir");
}

function checkFeatures(authority: Authority, change: RequestedChange, value: string | undefined): void {
  if (!change.unprivileged) {
    throw permissionFailure("changing feature flags for privileged container is only allowed for root@pam");
  }
  const current = featuresOf(change.current?.get("features"));
  const wanted = featuresOf(value);
  const changed = [...new Set([...current.keys(), ...wanted.keys()])].filter(
    (name) => (current.get(name) ?? "") !== (wanted.get(name) ?? ""),
  );
  if (changed.some((name) => name !== "nesting")) {
    throw permissionFailure("changing feature flags (except nesting) is only allowed for root@pam");
  }
  if (changed.length > 0) authority.checkGuest(change.vmid, change.pool, "VM.Allocate");
}

function featuresOf(text: string | undefined): ReadonlyMap<string, string> {
  return text === undefined || text === "" ? new Map() : readProperties(FORMATS.features, text);
}

/** Tags sorted, in lower case, each once (PVE::GuestHelpers::get_unique_tags). */
export function uniqueTags(text: string): string {
  return [...new Set(splitList(text).map((tag) => tag.toLowerCase()))].sort().join(";");
}
