import { virtualMachineInputs } from "../guest-inputs/virtual-machine-inputs";
import { completeVirtualMachine } from "../settings/complete";
import type { VirtualMachineGuest } from "../settings/environment";
import { virtualMachineKeys } from "../settings/virtual-machine-schema";
import { mapping } from "../settings/schema-tools";
import { formatSize } from "../settings/values/sizes";
import { checkBy, type ArgumentRules } from "./checked";
import {
  commonArguments,
  commonSamples,
  commonUses,
  defaultCreateTimeout,
  defaultsOn,
  leftOut,
  optOutArguments,
  ownKeys,
  refusedKeys,
  type GuestPlace,
} from "./guest";

const { kind: _kind, node: _node, checks: _checks, fresh: _fresh, ...others } = virtualMachineKeys;
const {
  data: _data,
  objectives: _objectives,
  snapshots: _snapshots,
  backup: _backup,
  needs: _needs,
  offsite: _offsite,
  ...keys
} = others;

/** Every argument of a virtual machine, and its name. */
export const virtualMachineSchema = mapping({ ...keys, ...ownKeys }, refusedKeys);

/** How the arguments of a virtual machine are read. */
export const virtualMachineRules: ArgumentRules<ReturnType<typeof virtualMachineInputs>> = {
  check: (raw) =>
    checkBy(virtualMachineSchema, raw, ({ name, node, environment, protect = true, createTimeout, ...entry }) => {
      const guest = completeVirtualMachine(
        name,
        { ...entry, ...leftOut, kind: "virtual-machine", node: undefined },
        defaultsOn(node),
      );
      return { protect, inputs: virtualMachineInputs(guest, environment, createTimeout ?? defaultCreateTimeout) };
    }),
  uses: {
    ...commonUses,
    hostname: ["name"],
    disks: ["disks"],
    network: ["networkDevices", "initialization"],
    cores: ["cpu"],
    cpu: ["cpu"],
    memory: ["memory"],
    firmware: ["bios"],
    agent: ["agent"],
    cloudInit: ["initialization"],
    startOnBoot: ["onBoot"],
  },
  outlines: ["disks"],
  samples: {
    ...commonSamples,
    disks: { scsi0: { storage: "storage", size: "1GiB" } },
    cloudInit: { storage: "storage" },
  },
};

/** A virtual machine of the settings as arguments. */
export function virtualMachineArguments(guest: VirtualMachineGuest, place: GuestPlace) {
  const { cloudInit } = guest;
  return {
    ...commonArguments(guest, place),
    disks: Object.fromEntries(
      guest.disks.map(({ key, size, optOut, ...disk }) => [
        key,
        { ...disk, size: formatSize(size), backup: optOutArguments(optOut) },
      ]),
    ),
    cpu: guest.cpu,
    firmware: guest.firmware,
    agent: guest.agent,
    cloudInit: cloudInit && {
      ...cloudInit,
      sshKeys: [...cloudInit.sshKeys],
      nameservers: [...cloudInit.nameservers],
    },
  };
}
