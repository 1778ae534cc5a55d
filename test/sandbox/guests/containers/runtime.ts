import type { ContainerSpec, Log } from "../../drivers/driver";
import { exists } from "../../machine/files";
import { enforceFirewall } from "./enforce-firewall";
import type { Node } from "../../model/site";
import type { GuestState } from "../../model/state";
import { death, failureText } from "../../protocol/failure";
import { splitList } from "../../protocol/parameters";
import { checkLock, loadGuest, storeGuest, withGuestLock, type LoadedGuest, type Section } from "../configuration";
import { markStopped } from "../mark-stopped";
import { FORMATS, readProperties } from "../properties";
import { mountsOf } from "./mount-points";
import { bindMounts, volumeMounts } from "./mounted-volumes";
import { networksOf } from "./networks";
import { applyPending } from "./update";

/** Whether a container runs: the driver knows, or the emulator's own record where no process exists. */
export async function isRunning(node: Node, guest: GuestState): Promise<boolean> {
  const running = await node.cluster.site.driver.isRunning(node.name, guest.vmid);
  if (running === undefined) return guest.status === "running";
  guest.status = running ? "running" : "stopped";
  return running;
}

/**
 * A container as the driver needs it.
 * @throws `volume '…' does not exist`
 */
export async function containerSpec(node: Node, vmid: number, configuration: Section): Promise<ContainerSpec> {
  const { keys } = configuration;
  const cores = Number(keys.get("cores") ?? 0);
  const featureText = keys.get("features");
  return {
    node: node.name,
    vmid,
    hostname: keys.get("hostname") ?? `CT${vmid}`,
    mounts: await volumeMounts(node, keys),
    bindMounts: bindMounts(node, keys),
    networks: networksOf(keys),
    nameservers: splitList(keys.get("nameserver") ?? ""),
    searchDomain: keys.get("searchdomain"),
    cores: cores > 0 ? cores : undefined,
    memory: Number(keys.get("memory") ?? 512),
    nesting: featureText !== undefined && readProperties(FORMATS.features, featureText).get("nesting") === "1",
  };
}

/** Starts a container, pending changes first (PVE::LXC::vm_start). The caller holds the guest's lock. */
export async function startContainer(node: Node, { guest, configuration }: LoadedGuest, log: Log): Promise<void> {
  if (configuration.pending.keys.size > 0) {
    await applyPending(node, guest.vmid, configuration, log);
    storeGuest(node, "lxc", guest.vmid, configuration);
  }
  const spec = await containerSpec(node, guest.vmid, configuration);
  try {
    for (const bind of spec.bindMounts) {
      if (!(await exists(bind.source)))
        throw new Error(`directory '${bind.source.slice(node.root.length)}' does not exist`);
    }
    await enforceFirewall(node.cluster.site);
    await node.cluster.site.driver.start(spec);
  } catch (failure) {
    log(failureText(failure));
    throw death(`startup for container '${guest.vmid}' failed`);
  }
  guest.status = "running";
  guest.startedAt = node.clock.seconds();
  node.cluster.save();
}

/** Ends a container at once. */
export async function killContainer(node: Node, { guest, configuration }: LoadedGuest): Promise<void> {
  await node.cluster.site.driver.stop(await containerSpec(node, guest.vmid, configuration));
  markStopped(node, guest);
}

/**
 * Asks a container to end (PVE::LXC::vm_stop).
 * @param timeout seconds
 * @param force ends it at once when the time is up
 * @throws `container did not stop`
 */
export async function shutDownContainer(
  node: Node,
  loaded: LoadedGuest,
  timeout: number,
  force: boolean,
): Promise<void> {
  const spec = await containerSpec(node, loaded.guest.vmid, loaded.configuration);
  if (await node.cluster.site.driver.shutdown(spec, timeout)) return markStopped(node, loaded.guest);
  if (!force) throw death("container did not stop");
  await killContainer(node, loaded);
}

/** The worker of `status/start`, also of a container that is started after it was made. */
export async function startWorker(node: Node, vmid: number, log: Log, skipLock = false): Promise<void> {
  await withGuestLock(
    node,
    "lxc",
    vmid,
    async () => {
      const loaded = loadGuest(node, "lxc", vmid);
      const { keys } = loaded.configuration;
      if (keys.get("template") === "1") throw death("you can't start a CT if it's a template");
      if (!skipLock && keys.get("lock") !== "mounted") checkLock("lxc", loaded.configuration);
      const quota = mountsOf(keys).some((mount) => mount.properties.get("quota") === "1");
      if (keys.get("unprivileged") === "1" && quota) {
        throw death("Quotas are not supported by unprivileged containers.");
      }
      await startContainer(node, loaded, log);
    },
    log,
  );
}
