import { mkdir } from "node:fs/promises";
import type { BindMount, Mount } from "../driver";
import { withHeldProcess } from "./held-process";

/**
 * Puts together a container's tree: root first, then each mount point at its place.
 *
 * Positional arguments: the folder to mount on, then four for each mount: `image` or `folder`, source, place in the
 * tree, `rw` or `ro`. An image that a running container has mounted already is no danger: `mount` finds the loop device
 * that holds the file and takes that one, so that both see one file system.
 *
 * A place that goes through a symbolic link is refused, as Proxmox does: an absolute link in a guest's tree would lead
 * out of it.
 */
export const mountScript = `
set -e
stage=$(realpath -- "$1")
shift
while [ $# -gt 0 ]; do
  place=$stage\${3%/}
  if [ "$(realpath -m -- "$place")" != "$place" ]; then
    echo "mount point '$3' goes through a symbolic link" >&2
    exit 1
  fi
  mkdir -p -- "$place"
  case $1 in
    image) mount -o loop -- "$2" "$place" ;;
    folder) mount --bind -- "$2" "$place" ;;
  esac
  if [ "$4" = ro ]; then mount -o remount,bind,ro -- "$place"; fi
  shift 4
done
`;

/** The positional arguments of {@link mountScript}. */
export function mountArguments(
  stage: string,
  mounts: readonly Mount[],
  bindMounts: readonly BindMount[] = [],
): string[] {
  return [
    stage,
    ...mounts.flatMap(({ volume, target, readOnly }) => [
      volume.format === "subvol" ? "folder" : "image",
      volume.path,
      target,
      readOnly ? "ro" : "rw",
    ]),
    ...bindMounts.flatMap(({ source, target, readOnly }) => ["folder", source, target, readOnly ? "ro" : "rw"]),
  ];
}

/** Before a command: gives it a mount namespace of its own, so that whatever it mounts is gone with its last process. */
export const privateMounts = ["--mount", "--propagation", "private"] as const;

/**
 * Mounts volumes as one tree for as long as `use` runs, and hands it the folder where this process sees the tree.
 *
 * The mounts are made by a worker in its own mount namespace and are reached through `/proc/<worker>/root`, so a killed
 * emulator leaves neither mount nor loop device behind.
 */
export async function withMountedTree<Result>(
  stage: string,
  mounts: readonly Mount[],
  use: (tree: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(stage, { recursive: true });
  // Mounted writable even for reading: a mount point's folder may have to be made in the volume below it.
  const writable = mounts.map((mount) => ({ ...mount, readOnly: false }));
  return withHeldProcess(
    ["unshare", ...privateMounts],
    { prepare: mountScript, release: "", arguments: mountArguments(stage, writable) },
    (pid) => use(`/proc/${pid}/root${stage}`),
  );
}
