import { run } from "../../machine/child-process";
import type { BindMount, Mount } from "../driver";
import { mountArguments, privateMounts } from "./mounted-tree";

/**
 * Puts mounts into a running container, as Proxmox does (PVE::LXC::mountpoint_hotplug): each is mounted in a namespace of
 * its own first, and taken from there into the container's with the kernel's open_tree and move_mount.
 *
 * @param init process id of the container's init
 * @param stage a folder of this machine that may be mounted on
 * @throws CommandFailed; mounts before the one that failed stay
 */
export async function attachMounts(
  init: number,
  stage: string,
  mounts: readonly Mount[],
  bindMounts: readonly BindMount[],
): Promise<void> {
  const [, ...each] = mountArguments(stage, mounts, bindMounts);
  await run("unshare", [
    ...privateMounts,
    "sh",
    "-c",
    attachScript,
    "attach",
    moveProgram,
    String(init),
    stage,
    ...each,
  ]);
}

/** Positional arguments: the program, the container's init, the folder to mount on, then four for each mount. */
const attachScript = `
set -e
program=$1 init=$2 stage=$3
shift 3
mkdir -p -- "$stage"
while [ $# -gt 0 ]; do
  case $1 in
    image) mount -o loop -- "$2" "$stage" ;;
    folder) mount --bind -- "$2" "$stage" ;;
  esac
  if [ "$4" = ro ]; then mount -o remount,bind,ro -- "$stage"; fi
  perl -e "$program" "$stage" "/proc/$init/ns/mnt" "$3"
  umount -- "$stage"
  shift 4
done
`;

/**
 * Moves a copy of a mount into another mount namespace, at a place there whose folders are made. Perl is essential in
 * Debian and has the three calls, which no program offers; \`open_tree\` and \`move_mount\` have the same number everywhere.
 * A place that goes through a symbolic link is refused, as at a start.
 */
const moveProgram = `
use strict; use POSIX ();
my ($source, $namespace, $place) = @ARGV;
my %setns = (x86_64 => 308, aarch64 => 268, riscv64 => 268);
my $setns = $setns{(POSIX::uname())[4]} or die "no number of setns for this machine\\n";
my $clone = 1; my $enter_mounts = 0x20000; my $from_descriptor = 4; my $here = -100; my $empty = "";
my $tree = syscall(428, $here, $source, $clone);
die "open_tree: $!\\n" if $tree < 0;
open(my $mounts, "<", $namespace) or die "$namespace: $!\\n";
die "setns: $!\\n" if syscall($setns, fileno($mounts), $enter_mounts) < 0;
my $path = "";
for my $part (grep { length } split m{/}, $place) {
  $path .= "/$part";
  die "mount point '$place' goes through a symbolic link\\n" if -l $path;
  -d $path or mkdir $path or die "$path: $!\\n";
}
die "move_mount: $!\\n" if syscall(429, $tree, $empty, $here, $path, $from_descriptor) < 0;
`;
