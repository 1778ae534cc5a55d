import type { StandardArchiveName } from "../../proxmox/rules/archive-names";
import { parseGuestConfiguration } from "../../proxmox/rules/guest-configuration";
import { readMark } from "../mark";

/** What was found inside an archive. */
export interface ArchiveInside {
  readonly format: "tar" | "vma" | undefined;
  /** Text of the guest's configuration. */
  readonly configuration: string | undefined;
}

const disk = /^(?:rootfs|mp\d+|unused\d+|(?:scsi|sata|ide|virtio|efidisk|tpmstate)\d+)$/u;

/**
 * Why what is inside is not of the guest that the name tells, as half a sentence; undefined where nothing speaks against it.
 * Volumes bear the number of their guest. Where none does, Lifeboat's mark decides: its guest has a number in the settings.
 *
 * @param numberOf id of a guest of the settings, by its mark.
 */
export function strangeInside(
  name: Pick<StandardArchiveName, "guestType" | "vmid">,
  { format, configuration }: ArchiveInside,
  numberOf: (mark: { environment: string; guest: string }) => number | undefined,
): string | undefined {
  const isMachine = name.guestType === "qemu";
  if (format !== undefined && (format === "vma") !== isMachine) {
    const [told, found] = isMachine ? ["virtual machine", "container"] : ["container", "virtual machine"];
    return `its name says that it is of a ${told}, and a ${found} is inside`;
  }
  if (configuration === undefined) return undefined;
  const { keys, description } = parseGuestConfiguration(configuration, isMachine ? "qemu" : "lxc");
  const owners = new Set(Object.entries(keys).flatMap(([key, value]) => (disk.test(key) ? ownersIn(value) : [])));
  if (owners.has(name.vmid)) return undefined;
  const [owner] = owners;
  if (owner !== undefined) return strange(name.vmid, owner);
  const mark = readMark(description);
  const number = mark && numberOf(mark);
  return number === undefined || number === name.vmid ? undefined : strange(name.vmid, number);
}

function strange(told: number, found: number): string {
  return `its name says that it is of guest ${String(told)}, and guest ${String(found)} is inside`;
}

/** `data:101/vm-101-disk-0.raw`, `tank:subvol-101-disk-0`; of a linked clone both. */
function ownersIn(value: string): number[] {
  const [volume = ""] = value.split(",");
  return [...volume.matchAll(/(?:^|[:/])(?:vm|subvol|base|basevol)-(\d{3,9})-/gu)].map(([, id]) => Number(id));
}
