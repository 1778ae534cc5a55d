import type { MachineCard, MachineDrive, MachineSpec } from "../../machines";
import { driveWords } from "./drive-words";
import { SOCKETS } from "./qmp";

export const QEMU = "qemu-system-x86_64";

export interface MachinePlace {
  /** What QEMU calls itself, by which its process is found. */
  name: string;
  /** Processors of this machine. */
  processors: number;
  /** Name of the device in the site's network that a card is. */
  device: (card: MachineCard) => string;
}

/**
 * QEMU's command line for a machine. Its own files are named without a folder: it is started in the one of the machine. It
 * goes to the background when all is open, and waits for `cont` before its processors run.
 *
 * Processors are emulated: /dev/kvm of a machine that is itself a guest often opens and then hangs.
 */
export function qemuWords(machine: MachineSpec, { name, processors, device }: MachinePlace): string[] {
  const { memory, cores, uuid } = machine;
  return [
    ["-name", name, "-daemonize", "-S", "-no-user-config", "-nodefaults", "-display", "none"],
    ["-machine", "pc", "-accel", "tcg,thread=multi,tb-size=64", "-cpu", "max"],
    ["-smp", String(Math.min(cores, processors)), "-m", String(memory), "-rtc", "base=utc"],
    uuid === undefined ? [] : ["-uuid", uuid],
    // Nothing is booted that the machine's boot order does not name.
    ["-boot", "strict=on"],
    ["-chardev", "file,id=console,path=console.log", "-serial", "chardev:console"],
    [...socketWords("monitor"), "-mon", "chardev=monitor,mode=control"],
    [...socketWords("end"), "-mon", "chardev=end,mode=control"],
    ["-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random"],
    machine.agent ? agentWords() : [],
    driveWords(machine.drives, (key) => bootIndex(machine, key)),
    ...machine.cards.map((card) => cardWords(card, device(card), bootIndex(machine, `net${card.number}`))),
  ].flat();
}

function socketWords(id: keyof typeof SOCKETS): string[] {
  return ["-chardev", `socket,id=${id},path=${SOCKETS[id]},server=on,wait=off`];
}

function agentWords(): string[] {
  return [
    ...socketWords("agent"),
    "-device",
    "virtio-serial-pci",
    "-device",
    "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
  ];
}

/** QEMU makes the device, and the kernel takes it away when QEMU ends, however it does. */
function cardWords({ number, model, hardwareAddress }: MachineCard, device: string, boot: object): string[] {
  const id = `net${number}`;
  const driver = model === "virtio" ? "virtio-net-pci" : model;
  const netdev = { type: "tap", id, ifname: device, script: "no", downscript: "no" };
  // Without a program to boot over the network: Debian packs those apart.
  const card = { driver, id, netdev: id, mac: hardwareAddress, romfile: "", ...boot };
  return ["-netdev", JSON.stringify(netdev), "-device", JSON.stringify(card)];
}

function bootIndex({ boot }: MachineSpec, key: MachineDrive["key"]): { bootindex?: number } {
  const index = boot.indexOf(key);
  return index < 0 ? {} : { bootindex: index + 1 };
}
