import type { MachineDrive } from "../../machines";

/** The block device of a drive, by which it is grown. */
export function blockNode(key: string): string {
  return `drive-${key}`;
}

/**
 * Words for the drives of a machine, each at the place that its key names.
 *
 * @param bootIndex the property that says when a drive is tried for booting; empty for never
 * @throws Error for a key that names no place of a machine
 */
export function driveWords(drives: readonly MachineDrive[], bootIndex: (key: string) => object): string[] {
  const seen = drives.filter(({ key }) => !isFirmware(key)).map((drive) => ({ drive, ...placeOf(drive) }));
  const controllers = new Set(seen.flatMap(({ controller }) => controller));
  return [
    ...[...controllers].flatMap((controller) => ["-device", controller]),
    ...seen.flatMap(({ drive, device }) => [
      ...blockWords(drive),
      "-device",
      JSON.stringify({
        ...device,
        id: drive.key,
        ...(drive.image === undefined ? {} : { drive: blockNode(drive.key) }),
        ...bootIndex(drive.key),
      }),
    ]),
  ];
}

/** There is neither EFI nor a TPM here: what they keep is no drive of the machine. */
function isFirmware(key: string): boolean {
  return key === "efidisk0" || key === "tpmstate0";
}

/** Nothing waits for this machine's disk: a power cut ends the sandbox as well. A guest's flush still reaches the file. */
function blockWords({ key, image, isDisc }: MachineDrive): string[] {
  if (image === undefined) return [];
  const device = {
    driver: image.format,
    "node-name": blockNode(key),
    "read-only": isDisc,
    ...(isDisc ? {} : { discard: "unmap", "detect-zeroes": "unmap" }),
    cache: { "no-flush": true },
    file: { driver: "file", filename: image.path },
  };
  return ["-blockdev", JSON.stringify(device)];
}

/** QEMU's device for a drive, and the controller that it is on where that is not part of every machine. */
function placeOf({ key, isDisc }: MachineDrive): { controller: string[]; device: Record<string, unknown> } {
  const [, bus = "", digits = ""] = /^(scsi|virtio|sata|ide)(\d+)$/u.exec(key) ?? [];
  const number = Number(digits);
  const kind = isDisc ? "cd" : "hd";
  switch (bus) {
    case "scsi":
      return {
        controller: ["virtio-scsi-pci,id=scsihw0"],
        device: { driver: `scsi-${kind}`, bus: "scsihw0.0", "scsi-id": 0, lun: number, device_id: blockNode(key) },
      };
    case "virtio":
      return { controller: [], device: { driver: "virtio-blk-pci" } };
    case "sata":
      return { controller: ["ahci,id=ahci0"], device: { driver: `ide-${kind}`, bus: `ahci0.${number}` } };
    case "ide":
      return { controller: [], device: { driver: `ide-${kind}`, bus: `ide.${number >> 1}`, unit: number % 2 } };
    default:
      throw new Error(`a virtual machine has no place for a drive '${key}'`);
  }
}
