/** Which board a machine has, and in which version (PVE::QemuServer::Machine). */
import { splitPropertyString } from "../../protocol/property-strings";
import { death } from "../../protocol/failure";
import { OPTION_FORMATS } from "./option-formats";

/** The newest version that the QEMU of the sandbox's nodes knows. */
export const QEMU_VERSION = "10.1";

function readMachine(text: string | undefined): Map<string, string> {
  return splitPropertyString(OPTION_FORMATS["machine"] ?? {}, text ?? "");
}

/** @throws for a vIOMMU that the board does not have */
export function checkMachineType(text: string): void {
  checkProperties(readMachine(text));
}

function checkProperties(machine: ReadonlyMap<string, string>): void {
  const bits = machine.get("aw-bits");
  const unit = machine.get("viommu");
  if (unit === "intel") {
    if (machine.get("type")?.includes("q35") !== true) {
      throw death("to use Intel vIOMMU please set the machine type to q35");
    }
    if (bits !== undefined && !["39", "48"].includes(bits)) {
      throw death("Intel vIOMMU supports only 39 or 48 bits as address width");
    }
  }
  if (bits !== undefined && unit === undefined) throw death("cannot set aw-bits if no vIOMMU is configured");
}

/** Boards in whatever version is the newest. */
const LATEST: Readonly<Record<string, string>> = { pc: "pc-i440fx", q35: "pc-q35", virt: "virt" };

/**
 * The board of a machine that is made, or gets another system: Windows is confused by a new version, so that it keeps today's.
 * @returns as it is printed: the board first; undefined where nothing is said of it
 */
export function pinnedMachine(
  text: string | undefined,
  system: string | undefined,
  log: (line: string) => void,
): string | undefined {
  const machine = readMachine(text);
  const board = LATEST[machine.get("type") ?? "pc"];
  if (board !== undefined && isWindows(system)) {
    machine.set("type", `${board}-${QEMU_VERSION}`);
    log(`pinning machine type to '${board}-${QEMU_VERSION}' for Windows guest OS`);
  }
  checkProperties(machine);
  const type = machine.get("type");
  const others = [...machine].filter(([key]) => key !== "type").sort(([one], [two]) => (one < two ? -1 : 1));
  const words = [...(type === undefined ? [] : [type]), ...others.map(([key, value]) => `${key}=${value}`)];
  return words.length === 0 ? undefined : words.join(",");
}

/** By the word of the configuration. */
export function isWindows(system: string | undefined): boolean {
  return /^(?:wxp|w2k|w2k3|w2k8|wvista|win\d+)$/u.test(system ?? "");
}

/** Displays whose clipboard VNC can share. */
const WITH_CLIPBOARD = /^(?:std|cirrus|vmware|virtio|qxl)/u;

/** @throws for a display without a clipboard of its own (PVE::QemuServer::assert_clipboard_config) */
export function checkClipboard(vga: string | undefined): void {
  const display = splitPropertyString(OPTION_FORMATS["vga"] ?? {}, vga ?? "");
  const type = display.get("type");
  if (display.get("clipboard") !== "vnc" || type === undefined || WITH_CLIPBOARD.test(type)) return;
  throw death(`vga type ${type} is not compatible with VNC clipboard`);
}
