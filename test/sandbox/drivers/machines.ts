/**
 * What the sandbox's Proxmox emulator asks of the machine below it for virtual machines. As with containers, the emulator
 * decides everything that Proxmox decides; a driver does what QEMU does on a real node.
 */

/** A disk image, as a file of this machine. */
export interface Image {
  /** Absolute path. */
  path: string;
  /** The memory driver keeps the bytes of a raw image whatever the format is called. */
  format: "raw" | "qcow2";
}

/** A drive at its place in a virtual machine. */
export interface MachineDrive {
  /**
   * `scsi0`, `virtio1`, `ide2`, `sata3`, `efidisk0`, `tpmstate0`. No driver has EFI or a TPM: the machine does not see the
   * last two, and starts by its BIOS. To refuse one that needs them is the emulator's.
   */
  key: string;
  /** Undefined for a disc drive without a disc. */
  image: Image | undefined;
  /** A drive for discs, what cloud-init reads included: only read. */
  isDisc: boolean;
}

/** One network card of a virtual machine, as `netN` of its configuration says. */
export interface MachineCard {
  /** The N of `netN`. */
  number: number;
  /** QEMU's name, such as `virtio` or `e1000`. */
  model: string;
  hardwareAddress: string;
  bridge: string | undefined;
  linkDown: boolean;
  /** The card's own switch of Proxmox's firewall. */
  firewall: boolean;
  /** Fixed addresses that cloud-init is told, such as `192.0.2.101/24`. */
  addresses: readonly string[];
}

/** A virtual machine as the driver runs it. */
export interface MachineSpec {
  node: string;
  vmid: number;
  name: string;
  /** MiB. */
  memory: number;
  cores: number;
  drives: readonly MachineDrive[];
  cards: readonly MachineCard[];
  /** Keys of drives and cards in the order in which they are tried for booting. */
  boot: readonly string[];
  /** Of SMBIOS; undefined for QEMU's own. */
  uuid: string | undefined;
  /** Whether the guest agent's channel is there. */
  agent: boolean;
}

/** A virtual machine by its place. */
export type MachineId = Pick<MachineSpec, "node" | "vmid">;

/** What cloud-init reads, as texts of NoCloud. */
export interface SeedFiles {
  metaData: string;
  userData: string;
  /** Version 1. */
  networkConfig: string;
}

/** The agent in the guest does not answer: none runs, or not yet. */
export class AgentSilent extends Error {
  override readonly name = "AgentSilent";
}

export interface Machines {
  /** Makes an empty image of so many bytes. */
  createImage(image: Image, size: number): Promise<void>;
  /** Grows an image, also one of a running machine, which sees the new size at once. @param drive key in that machine */
  growImage(image: Image, size: number, running: (MachineId & { drive: string }) | undefined): Promise<void>;
  /** Writes a copy of what an image holds; holes stay holes. The source may belong to a machine that is paused. */
  copyImage(from: Image, to: Image): Promise<void>;
  /** Bytes that a guest sees of an image. */
  imageSize(image: Image): Promise<number>;
  /** Writes the drive that cloud-init reads over an image: ISO 9660 with the volume label `cidata`. */
  writeSeed(image: Image, files: SeedFiles): Promise<void>;

  /** Starts a machine. @param memory file that `saveMemory` wrote: the machine goes on from there. Rejects when QEMU ends at once */
  start(machine: MachineSpec, memory?: string): Promise<void>;
  /** Ends it at once. One that does not run is no error. */
  stop(machine: MachineId): Promise<void>;
  /** Presses the power button; false when it still runs after `timeout` seconds. */
  shutdown(machine: MachineId, timeout: number): Promise<boolean>;
  /** Presses the reset button. */
  reset(machine: MachineId): Promise<void>;
  /** Types a line at QEMU's human monitor. @returns what it prints */
  monitor(machine: MachineId, line: string): Promise<string>;
  /** Holds its processors: images are complete on the files, and stay as they are until `resume`. */
  pause(machine: MachineId): Promise<void>;
  resume(machine: MachineId): Promise<void>;
  /** Writes the memory and devices of a paused machine to a file. */
  saveMemory(machine: MachineId, file: string): Promise<void>;
  /** Undefined where a driver has no processes: then the emulator's own record of starts and stops counts. */
  isRunning(machine: MachineId): Promise<boolean | undefined>;
  processId(machine: MachineId): Promise<number | undefined>;
  /**
   * Runs a command of the guest agent, such as `guest-ping`. @returns what it answers as JSON (its `return`)
   * @throws AgentSilent; Error with the agent's own text for a command that it refuses
   */
  agent(machine: MachineSpec, command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>;
}
