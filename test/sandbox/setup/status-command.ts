import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { findMonitors } from "../drivers/real/container-processes";
import { findMachines } from "../drivers/real/machines/machine-processes";
import { formatSettings } from "./fault-command";
import { type Layout, readRecord } from "./layout";
import { inotifyShortage } from "../machine/inotify";
import { siteGuestName, siteNames } from "../machine/names";
import { runningServer } from "./server-process";
import { serviceLines } from "./services/service-command";
import { serviceStates } from "./services/services";

/** The part of the emulator's state file that is shown. */
const stateFile = z.object({
  clusters: z.array(
    z.object({
      guests: z.array(z.object({ vmid: z.number(), type: z.string(), node: z.string(), status: z.string() })),
    }),
  ),
  faults: z.array(z.object({ name: z.string(), settings: z.record(z.string(), z.string()) })),
});

/**
 * Says what is up.
 *
 * @returns exit code: 0 all is well, 3 something of the sandbox does not run, 1 there is none
 */
export async function describeStatus(layout: Layout, json: boolean, say: (line: string) => void): Promise<number> {
  const record = readRecord(layout);
  if (record === undefined) {
    if (json) process.stdout.write(`${JSON.stringify({ up: false })}\n`);
    say("No sandbox is up. Bring one up: npm run sandbox -- up");
    return 1;
  }
  const server = await runningServer(layout);
  const { clusters, faults } = readState(layout);
  const names = siteNames(layout.server);
  const containers = [...findMonitors(names.containersFolder).keys()];
  const machines = [...findMachines((name) => name.startsWith(names.guestPrefix)).keys()];
  const guests = clusters
    .flatMap((cluster) => cluster.guests)
    .map((guest) => {
      if (record.driver !== "real") return guest;
      // What the emulator has written down last may be over: a guest ends by itself, too.
      const runs = (guest.type === "lxc" ? containers : machines).includes(
        siteGuestName(names, guest.node, guest.vmid),
      );
      return { ...guest, status: runs ? "running" : "stopped" };
    });
  const shortage = record.driver === "real" ? inotifyShortage() : undefined;
  const states = serviceStates(layout);
  const isUp = server !== undefined && record.complete;
  const exitCode = isUp && states.every(({ pid }) => pid !== undefined) ? 0 : 3;
  if (json) {
    const { driver, nodes } = record;
    const { folder } = layout;
    const services = states.map(({ service: { name, url }, pid }) => ({ name, url, pid: pid ?? null }));
    process.stdout.write(
      `${JSON.stringify({ up: isUp, driver, folder, pid: server?.pid ?? null, nodes, services, guests, containers, machines, faults })}\n`,
    );
    return exitCode;
  }
  const lines = [
    `driver    ${record.driver}`,
    `folder    ${layout.folder}`,
    `server    ${server === undefined ? "does not run: npm run sandbox -- up starts it again" : `process ${server.pid}`}`,
    ...record.nodes.map(({ name, address, port }) => `node      ${name}  https://${address}:${port}`),
    ...serviceLines(states).map((line) => `service   ${line}`),
    ...guests.map(({ vmid, type, node, status }) => `guest     ${vmid}  ${type}  ${node}  ${status}`),
    ...containers.map((name) => `container ${name}`),
    ...machines.map((name) => `machine   ${name}`),
    ...faults.map(({ name, settings }) => `fault     ${name} ${formatSettings(settings)}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (shortage !== undefined) say(shortage);
  return exitCode;
}

function readState(layout: Layout): z.infer<typeof stateFile> {
  const file = join(layout.server, "site.json");
  return existsSync(file) ? stateFile.parse(JSON.parse(readFileSync(file, "utf8"))) : { clusters: [], faults: [] };
}
