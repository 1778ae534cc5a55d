import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { parseDrive, parseMountPoint, parseNetwork } from "../../proxmox/rules/property-strings";

/** The volume of `rootfs` or `mpN`; empty where there is none. */
export function mountVolume(configuration: ConfigurationKeys, key: string): string {
  const text = configuration[key];
  return text === undefined ? "" : parseMountPoint(key, text, "keep").volume;
}

/** The volume of a drive, without its storage, as the provider has it; empty where there is none. */
export function drivePath(configuration: ConfigurationKeys, key: string): string {
  const text = configuration[key];
  if (text === undefined) return "";
  const { file } = parseDrive(key, text, "keep");
  return file.slice(file.indexOf(":") + 1);
}

/** MAC address of the first card; empty where there is none. */
export function hardwareAddress(type: "lxc" | "qemu", configuration: ConfigurationKeys): string {
  const text = configuration["net0"];
  return (text === undefined ? undefined : parseNetwork(type, text, "net0", "keep").mac) ?? "";
}

/** What a virtual machine boots from, first things first: `order=ide3;scsi0;net0`. */
export function bootOrder({ boot = "" }: ConfigurationKeys): string[] {
  const [, devices = ""] = /^(?:order=)?([\w;]+)$/u.exec(boot) ?? [];
  return devices.split(";").filter((device) => device !== "");
}
