/** Devices of `boot: order=scsi0;ide2;net0`, in order; none where the option does not say. */
export function bootDevices(text: string): string[] {
  const order = /(?:^|,)order=([^,]*)/.exec(text)?.[1] ?? "";
  return order.split(";").filter((device) => device !== "");
}

/** Keys of the devices that a machine boots from, in order (PVE::QemuServer::device_bootorder). */
export function bootOrder(keys: ReadonlyMap<string, string>): string[] {
  const text = keys.get("boot");
  if (text !== undefined && text.includes("order=")) return bootDevices(text);
  const disk = keys.get("bootdisk") ?? [...keys.keys()].sort().find((key) => /^(?:scsi|virtio|sata|ide)\d+$/.test(key));
  return disk === undefined ? [] : [disk];
}
