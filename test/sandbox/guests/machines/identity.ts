import { randomUUID } from "node:crypto";
import { formatNetwork, parseNetwork } from "../../../../proxmox/rules/property-strings";
import { randomHardwareAddress } from "../containers/networks";

/** A card with an address of its own (`net0`, its value). */
export function withNewAddress(key: string, value: string): string {
  return formatNetwork("qemu", { ...parseNetwork("qemu", value, key), mac: randomHardwareAddress() }, key);
}

/** `smbios1` of another machine: all but what tells it apart. */
export function withNewUuid(smbios: string): string {
  const others = smbios.split(",").filter((part) => part !== "" && !part.startsWith("uuid="));
  return [...others, `uuid=${randomUUID()}`].join(",");
}
