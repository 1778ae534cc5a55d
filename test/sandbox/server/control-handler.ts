/** What a running site does for the commands of its control socket. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { damageFile } from "../drivers/archives";
import { enforceFirewall } from "../guests/containers/enforce-firewall";
import { verifySnapshots } from "../guests/backup-server/verify";
import { archiveFile } from "../guests/volumes";
import { moveNodeFile } from "./move-node-file";
import { parseFixture } from "../model/fixture";
import { loadFixture } from "../model/fixture-files";
import type { Node, Site } from "../model/site";
import type { VolumeState } from "../model/state";
import type { ControlHandler, SiteStatus, SiteTime } from "./control";
import type { SiteServer } from "./site-server";

/** @param stop called after `stop` was answered */
export function controlHandler(server: SiteServer, stop: () => void): ControlHandler {
  const { site } = server;
  return async (command) => {
    switch (command.command) {
      case "status":
        return siteStatus(server);
      case "reset":
        await loadFixture(site, parseFixture(readFileSync(command.fixture, "utf8")));
        await enforceFirewall(site);
        return server.applyFaults();
      case "write":
        writeNodeFile(site, command.path, command.content);
        return enforceFirewall(site);
      case "move":
        await moveNodeFile(site, command);
        return enforceFirewall(site);
      case "verify-snapshots":
        return verifySnapshots(site);
      case "faults":
        return site.faults.list();
      case "set-fault":
        await setFault(site, command.name, command.settings);
        return server.applyFaults();
      case "clear-fault":
        site.faults.clear(command.name);
        return server.applyFaults();
      case "clock":
        // Somebody set the clock: nothing has happened in between.
        site.state.clockOffset = command.offset;
        site.save();
        return server.scheduler.skipMissed();
      case "forward":
        await server.scheduler.forward(command.seconds);
        return siteTime(site);
      case "time":
        return siteTime(site);
      case "stop":
        setImmediate(stop);
        return null;
    }
  };
}

function siteTime(site: Site): SiteTime {
  return {
    time: site.clock.seconds(),
    nodes: site.nodes.map(({ name, timeZone, clock }) => ({ node: name, timeZone, time: clock.seconds() })),
  };
}

function siteStatus(server: SiteServer): SiteStatus {
  return {
    pid: process.pid,
    driver: server.site.driver.name,
    authority: server.authorityFile,
    nodes: server.addresses.map((listen) => ({ ...listen, url: server.url(listen.node) })),
  };
}

/** Most faults stay on; the ones that spoil an archive are done at once. */
async function setFault(site: Site, name: string, settings: Readonly<Record<string, string>>): Promise<void> {
  site.faults.set(name, settings);
  if (name !== "archive-truncated" && name !== "archive-flipped") return;
  site.faults.clear(name);
  const node = settings.node === undefined ? site.nodes[0] : site.findNode(settings.node);
  if (node === undefined) throw new Error(`there is no node '${settings.node ?? ""}'`);
  await damageFile(
    await archiveFile(node, settings.volid ?? ""),
    name === "archive-truncated" ? "truncated" : "flipped",
  );
}

/**
 * Stores a file as if somebody had written it on the node itself: a guest's configuration, or a file in the volume
 * whose path is the longest that the file's path starts with.
 */
function writeNodeFile(site: Site, path: string, content: string): void {
  const [, nodeName, folder, id] = /^\/etc\/pve\/nodes\/([^/]+)\/(lxc|qemu-server)\/(\d+)\.conf$/.exec(path) ?? [];
  if (nodeName !== undefined && folder !== undefined) {
    return writeGuest(site, nodeName, folder === "lxc" ? "lxc" : "qemu", Number(id), content);
  }
  const found = volumesHolding(site, path)[0];
  const node = found?.node ?? site.nodes[0];
  if (node === undefined) throw new Error("the site has no node");
  const file = node.path(path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function writeGuest(site: Site, nodeName: string, type: "lxc" | "qemu", vmid: number, content: string): void {
  const cluster = site.findNode(nodeName)?.cluster;
  if (cluster === undefined) throw new Error(`there is no node '${nodeName}'`);
  const guest = cluster.guest(vmid);
  if (guest !== undefined) guest.configuration = content;
  else cluster.state.guests.push({ vmid, type, node: nodeName, configuration: content, status: "stopped" });
  cluster.save();
}

function volumesHolding(site: Site, path: string): { node: Node; volume: VolumeState }[] {
  return site.nodes
    .flatMap((node) =>
      node.cluster.state.volumes
        .filter((volume) => volume.node === node.name && path.startsWith(`${volume.path}/`))
        .map((volume) => ({ node, volume })),
    )
    .sort((a, b) => b.volume.path.length - a.volume.path.length);
}
