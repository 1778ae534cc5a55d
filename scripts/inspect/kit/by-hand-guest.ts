import { shellQuote } from "../../machine/shell-quote";
import type { ContainerGuest, Environment, Guest } from "../../../site/settings/environment";
import { formatCheck } from "../../../site/settings/values/checks";

/** Lines for root on its node that bring a guest back without Lifeboat. */
export function guestByHand({ backup }: Pick<Environment, "backup">, guest: Guest): string[] {
  const { id } = guest;
  const storage = shellQuote(backup.storage.id);
  return [
    `pvesm list ${storage} --content backup --vmid ${String(id)}     # the newest is the last; its notes say what is a save point`,
    `ARCHIVE=…                                    # its first column: ${backup.storage.id}:backup/vzdump-…`,
    ...restoreLines(guest),
  ];
}

function restoreLines(guest: Guest): string[] {
  const { id, kind } = guest;
  const vmid = String(id);
  if (kind === "container") return [`pct restore ${vmid} "$ARCHIVE" ${containerDisks(guest)}`, `pct start ${vmid}`];
  if (kind === "virtual-machine") {
    const storages = [...new Set(guest.disks.map(({ storage }) => storage))];
    const moved = guest.disks.filter(({ storage }) => storage !== storages[0]);
    return [
      `qmrestore "$ARCHIVE" ${vmid} --storage ${shellQuote(storages[0] ?? "local")}`,
      ...moved.map(({ key, storage }) => `qm disk move ${vmid} ${key} ${shellQuote(storage)} --delete 1`),
      `qm start ${vmid}`,
    ];
  }
  return [
    `case $ARCHIVE in *vzdump-lxc-*) pct restore ${vmid} "$ARCHIVE" --storage STORAGE && pct start ${vmid};; *) qmrestore "$ARCHIVE" ${vmid} --storage STORAGE && qm start ${vmid};; esac`,
  ];
}

/** All volumes or none: without them every mount point would land on one storage, or where its archive says. */
function containerDisks({ root, disks, unprivileged }: ContainerGuest): string {
  const volumes = disks.map((disk, index) => {
    const key = `--mp${String(index)}`;
    if (disk.kind === "bind")
      return `${key} ${shellQuote(`${disk.bind},mp=${disk.mount}${disk.readOnly ? ",ro=1" : ""}`)}`;
    const backup = disk.optOut === undefined ? ",backup=1" : "";
    return `${key} ${shellQuote(`${disk.storage}:${gibibytes(disk.size)},mp=${disk.mount}${backup}`)}`;
  });
  return [
    `--unprivileged ${unprivileged ? "1" : "0"}`,
    `--rootfs ${shellQuote(`${root.storage}:${gibibytes(root.size)}`)}`,
    ...volumes,
  ].join(" ");
}

function gibibytes(size: number): string {
  return String(Math.ceil(size / 2 ** 30));
}

/** What shows that it is back. */
export function guestProof(guest: Guest): string {
  const checks = guest.checks.map(formatCheck).join(", ");
  if (guest.kind === "adopted") return checks;
  const { address } = guest.network;
  return address.kind === "static" ? `${checks} at ${address.ip}` : checks;
}
