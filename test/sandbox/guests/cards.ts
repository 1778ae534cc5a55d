import { parseNetwork } from "../../../proxmox/rules/property-strings";
import type { MachineCard } from "../drivers/machines";

/** A machine's network cards by their number. Which addresses its system takes is not theirs to say. */
export function cardsOf(keys: ReadonlyMap<string, string>): Omit<MachineCard, "addresses">[] {
  return [...keys.keys()]
    .filter((key) => /^net\d+$/.test(key))
    .sort()
    .map((key) => {
      const { model, mac, bridge, linkDown, firewall } = parseNetwork("qemu", keys.get(key) ?? "", key);
      return {
        number: Number(key.slice("net".length)),
        model: model ?? "virtio",
        hardwareAddress: mac ?? "",
        bridge,
        linkDown: linkDown ?? false,
        firewall: firewall ?? false,
      };
    });
}
