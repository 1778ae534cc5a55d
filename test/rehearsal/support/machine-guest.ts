import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { QemuMachines } from "../../sandbox/drivers/real/machines/qemu-machines";
import { AgentSilent, type MachineSpec, type SeedFiles } from "../../sandbox/drivers/machines";

/** What cloud-init is told, in the form that Proxmox writes it. */
export function seedFiles(name: string, address: string, hardwareAddress: string, sshKey: string): SeedFiles {
  return {
    metaData: `instance-id: ${name}-1\n`,
    userData: [
      "#cloud-config",
      `hostname: ${name}`,
      "manage_etc_hosts: true",
      "user: ops",
      "ssh_authorized_keys:",
      `  - ${sshKey.trim()}`,
      "chpasswd:",
      "  expire: False",
      "users:",
      "  - default",
      "",
    ].join("\n"),
    networkConfig: [
      "version: 1",
      "config:",
      "    - type: physical",
      "      name: eth0",
      `      mac_address: '${hardwareAddress.toLowerCase()}'`,
      "      subnets:",
      "      - type: static",
      `        address: '${address}'`,
      "        netmask: '255.255.255.0'",
      "        gateway: '192.0.2.1'",
      "",
    ].join("\n"),
  };
}

/** Asks the agent until it answers: a guest with emulated processors needs a minute to boot, and more on a busy machine. */
export async function untilAgentAnswers(machines: QemuMachines, machine: MachineSpec): Promise<void> {
  for (;;) {
    try {
      await machines.agent(machine, "guest-ping");
      return;
    } catch (failure) {
      if (!(failure instanceof AgentSilent)) throw failure;
      if (!(await machines.isRunning(machine))) throw new Error(`${machine.name} has ended`, { cause: failure });
      await sleep(1000);
    }
  }
}

/** Waits until SSH listens, which is later than the agent: its keys are made at the first boot. */
export async function untilBooted(machines: QemuMachines, machine: MachineSpec): Promise<void> {
  await untilAgentAnswers(machines, machine);
  await inGuest(machines, machine, "while ! systemctl is-active --quiet ssh; do sleep 1; done");
}

const startedSchema = z.object({ pid: z.number() });

const endedSchema = z.object({
  exited: z.boolean(),
  exitcode: z.number().optional(),
  "out-data": z.string().optional(),
  "err-data": z.string().optional(),
});

/** Runs a shell command in the guest through its agent. @returns what it prints @throws Error when it fails */
export async function inGuest(machines: QemuMachines, machine: MachineSpec, command: string): Promise<string> {
  const parameters = { path: "/bin/sh", arg: ["-c", command], "capture-output": true };
  const { pid } = startedSchema.parse(await machines.agent(machine, "guest-exec", parameters));
  for (;;) {
    const ended = endedSchema.parse(await machines.agent(machine, "guest-exec-status", { pid }));
    if (!ended.exited) await sleep(100);
    else if (ended.exitcode === 0) return text(ended["out-data"]);
    else throw new Error(`${command}: ${text(ended["err-data"])}`);
  }
}

function text(data = ""): string {
  return Buffer.from(data, "base64").toString("utf8").trim();
}
