import type { Guest } from "./settings/environment";

/** Proxmox's word for what a guest is; undefined for an adopted one, of which only Proxmox knows. */
export function typeOfGuest({ kind }: Guest): "lxc" | "qemu" | undefined {
  switch (kind) {
    case "container":
      return "lxc";
    case "virtual-machine":
      return "qemu";
    case "adopted":
      return undefined;
  }
}
