import { containerInputs } from "../guest-inputs/container-inputs";
import { completeContainer } from "../settings/complete";
import type { ContainerGuest, Disk } from "../settings/environment";
import { containerKeys, osTypeIsKnown } from "../settings/container-schema";
import { checked, mapping } from "../settings/schema-tools";
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
  sizeOrNone,
  type GuestPlace,
} from "./guest";

const { kind: _kind, node: _node, checks: _checks, fresh: _fresh, objectives: _objectives, ...others } = containerKeys;
const { data: _data, snapshots: _snapshots, backup: _backup, needs: _needs, offsite: _offsite, ...keys } = others;

/** Every argument of a container, and its name. */
export const containerSchema = checked(mapping({ ...keys, ...ownKeys }, refusedKeys), osTypeIsKnown);

/** How the arguments of a container are read. */
export const containerRules: ArgumentRules<ReturnType<typeof containerInputs>> = {
  check: (raw) =>
    checkBy(containerSchema, raw, ({ name, node, environment, protect = true, createTimeout, ...entry }) => {
      const guest = completeContainer(
        name,
        { ...entry, ...leftOut, kind: "container", node: undefined },
        defaultsOn(node),
      );
      return { protect, inputs: containerInputs(guest, environment, createTimeout ?? defaultCreateTimeout) };
    }),
  uses: {
    ...commonUses,
    hostname: ["initialization"],
    template: ["operatingSystem"],
    root: ["disk"],
    disks: ["mountPoints"],
    network: ["networkInterfaces", "initialization"],
    cores: ["cpu"],
    memory: ["memory"],
    swap: ["memory"],
    nameservers: ["initialization"],
    searchDomain: ["initialization"],
    sshKeys: ["initialization"],
    unprivileged: ["unprivileged"],
    nesting: ["features"],
    startOnBoot: ["startOnBoot"],
  },
  samples: {
    ...commonSamples,
    template: "storage:vztmpl/debian-12.tar.zst",
    osType: "debian",
    root: { storage: "storage", size: "1GiB" },
    nesting: true,
  },
};

/** A container of the settings as arguments. */
export function containerArguments(guest: ContainerGuest, place: GuestPlace) {
  return {
    ...commonArguments(guest, place),
    template: guest.template,
    root: { storage: guest.root.storage, size: formatSize(guest.root.size) },
    disks: Object.fromEntries(guest.disks.map((disk, slot) => [disk.name, diskArguments(disk, slot)])),
    swap: sizeOrNone(guest.swap),
    nameservers: [...guest.nameservers],
    searchDomain: guest.searchDomain,
    unprivileged: guest.unprivileged,
    nesting: guest.nesting,
    sshKeys: [...guest.sshKeys],
  };
}

function diskArguments(disk: Disk, slot: number) {
  const { mount } = disk;
  if (disk.kind === "bind") {
    return { mount, slot, bind: disk.bind, protectedBy: disk.protectedBy, readOnly: disk.readOnly };
  }
  return { mount, slot, storage: disk.storage, size: formatSize(disk.size), backup: optOutArguments(disk.optOut) };
}
