import { formatNetwork, parseNetwork } from "../../../../proxmox/rules/property-strings";
import { randomHardwareAddress } from "../containers/networks";
import { uniqueTags } from "../containers/permissions";

/** A value as the configuration keeps it: networks with an address, tags in order. */
export function plainValue(key: string, value: string): string {
  if (key === "tags") return uniqueTags(value);
  if (!/^net\d+$/.test(key)) return value;
  const network = parseNetwork("qemu", value, key);
  return formatNetwork("qemu", { ...network, mac: network.mac ?? randomHardwareAddress() }, key);
}
