import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { virtualMachineInputs } from "../guest-inputs/virtual-machine-inputs";
import type { VirtualMachineGuest } from "../settings/environment";
import { bootOrder, drivePath, hardwareAddress } from "./live-values";

/** Everything that the provider sets by itself where the program says nothing. */
const defaults = {
  acpi: true,
  amdSev: null,
  audioDevice: null,
  clone: null,
  efiDisk: null,
  hookScriptFileId: "",
  hostpcis: [],
  ipv4Addresses: [],
  ipv6Addresses: [],
  keyboardLayout: "en-us",
  kvmArguments: "",
  machine: "",
  migrate: false,
  networkInterfaceNames: [],
  numas: [],
  poolId: "",
  reboot: false,
  rngs: [],
  serialDevices: [{ device: "socket" }],
  startup: null,
  tabletDevice: true,
  template: false,
  timeoutClone: 1800,
  timeoutMigrate: 1800,
  timeoutMoveDisk: 1800,
  timeoutReboot: 1800,
  timeoutShutdownVm: 1800,
  timeoutStartVm: 1800,
  timeoutStopVm: 300,
  tpmState: null,
  usbs: [],
  vga: null,
  virtiofs: [],
  watchdog: { action: "none", enabled: false, model: "i6300esb" },
} as const;

/**
 * What Pulumi would remember of a virtual machine that the program has made: its inputs, completed as bpg's provider
 * 0.112 completes them. Volumes and the card's address are those of the machine itself.
 *
 * As with containers, the provider's own import leaves defaults out, and the next update would write them all again.
 *
 * @param configuration keys and values as Proxmox returns them.
 */
export function virtualMachineState(
  guest: VirtualMachineGuest,
  { environment, createTimeout }: { readonly environment: string; readonly createTimeout: number },
  configuration: ConfigurationKeys,
) {
  const inputs = virtualMachineInputs(guest, environment, createTimeout);
  const macAddress = hardwareAddress("qemu", configuration);
  const outputs = {
    ...defaults,
    ...inputs,
    id: String(guest.id),
    agent: { timeout: "15m", trim: false, type: "virtio", waitForIp: null, ...inputs.agent },
    cpu: {
      affinity: "",
      architecture: "",
      flags: [],
      hotplugged: 0,
      limit: 0,
      numa: false,
      sockets: 1,
      units: 0,
      ...inputs.cpu,
    },
    bootOrders: bootOrder(configuration),
    cdrom: { enabled: false, ...inputs.cdrom },
    disks: inputs.disks.map((disk) => completeDisk(disk, drivePath(configuration, disk.interface))),
    macAddresses: [macAddress],
    memory: { floating: 0, hugepages: "", keepHugepages: false, shared: 0, ...inputs.memory },
    networkDevices: inputs.networkDevices.map((card) => ({
      disconnected: false,
      enabled: true,
      macAddress,
      model: "virtio",
      mtu: 0,
      queues: 0,
      rateLimit: 0,
      trunks: "",
      vlanId: 0,
      ...card,
    })),
    ...(inputs.initialization === undefined ? {} : { initialization: completeCloudInit(inputs.initialization) }),
  };
  return { inputs, outputs };
}

type Inputs = ReturnType<typeof virtualMachineInputs>;

function completeDisk(disk: Inputs["disks"][number], pathInDatastore: string) {
  return {
    aio: "io_uring",
    cache: "none",
    discard: "ignore",
    fileId: "",
    importFrom: "",
    iothread: false,
    queues: 0,
    replicate: true,
    serial: "",
    speed: null,
    ssd: false,
    ...disk,
    pathInDatastore,
  };
}

function completeCloudInit(initialization: NonNullable<Inputs["initialization"]>) {
  const { dns, userAccount } = initialization;
  return {
    fileFormat: "qcow2",
    metaDataFileId: "",
    networkDataFileId: "",
    type: "",
    upgrade: true,
    userDataFileId: "",
    vendorDataFileId: "",
    ...initialization,
    userAccount: { password: "", ...userAccount },
    dns: dns === undefined ? null : { domain: "", servers: [], ...dns },
  };
}
