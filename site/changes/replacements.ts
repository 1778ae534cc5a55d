import { pulumiLine } from "../plain-pulumi";
import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import type { MountPoint } from "../../proxmox/rules/property-strings";
import { storageOf } from "../../proxmox/rules/volume-ids";
import type { ContainerGuest, Disk } from "../settings/environment";
import { formatSize, isVolumeSize } from "../settings/values/sizes";
import { compareDisks, pathOf, slotOf, type DiskDifference } from "./compare-disks";
import { slotLines } from "./slot-lines";

/**
 * Something for which the provider would destroy a container and make an empty one (A11). Source: `ForceNew` in
 * bpg/terraform-provider-proxmox 0.112, `proxmoxtf/resource/container/container.go`.
 */
export interface Replacement {
  /** What is concerned, what is there and what is wanted: one line. */
  readonly text: string;
  /** What to do instead: one line. */
  readonly way: string;
  /** `lifeboat grow` does it. */
  readonly growable?: boolean;
}

/** A container as its node describes it. */
export interface LiveContainer {
  /** Keys and values as Proxmox returns them. */
  readonly configuration: ConfigurationKeys;
  readonly running: boolean;
  /** Undefined without one. */
  readonly pool: string | undefined;
}

/** Whose container it is, for the commands that messages name. */
export interface GuestOfEnvironment {
  readonly environment: string;
  readonly guest: ContainerGuest;
}

/** Every change of the settings that would replace the container, with the way that keeps its data. */
export function replacements(of: GuestOfEnvironment, live: LiveContainer): Replacement[] {
  return [...diskReplacements(of, live.configuration), ...otherReplacements(of, live)];
}

/** The volume gets larger, or a new one comes behind the others. */
function canGrow({ kind }: DiskDifference): boolean {
  return kind === "smaller" || kind === "missing";
}

function diskReplacements(of: GuestOfEnvironment, configuration: ConfigurationKeys): Replacement[] {
  const differences = compareDisks(of.guest, configuration);
  const shifted = differences.some(({ kind }) => kind === "slot");
  return [
    ...differences.flatMap((difference) => diskReplacement(difference, of, shifted)),
    ...(shifted ? [shift(of, configuration)] : []),
  ];
}

function diskReplacement(difference: DiskDifference, of: GuestOfEnvironment, shifted: boolean): Replacement[] {
  // Numbers come first: which disk is new, and which grows, can be told when they are right.
  if (shifted && canGrow(difference)) return [];
  switch (difference.kind) {
    case "missing":
      return [missingReplacement(difference.disk, of)];
    case "smaller":
      // The root disk grows in place.
      return difference.disk.kind === "root" ? [] : [{ text: sizes(difference), way: wayToGrow(of), growable: true }];
    case "larger":
      return [{ text: sizes(difference), way: wayOfLarger(difference.found) }];
    case "storage":
      return [storageReplacement(difference, of)];
    case "source":
      return [sourceReplacement(difference)];
    case "unknown":
      return [unknownReplacement(difference, of.guest)];
    case "slot":
    case "mount":
    case "backup":
    case "read-only":
      return [];
  }
}

function missingReplacement(disk: Disk, of: GuestOfEnvironment): Replacement {
  if (disk.kind === "volume") {
    const text = `disk ${disk.name} is not there, ${formatSize(disk.size)} on ${disk.storage} at ${disk.mount} is wanted`;
    return { text, way: wayToGrow(of), growable: true };
  }
  const { id, disks } = of.guest;
  const add = `pct set ${id} --mp${String(disks.indexOf(disk))} ${disk.bind},mp=${disk.mount}`;
  return {
    text: `disk ${disk.name} is not there, ${disk.bind} at ${disk.mount} is wanted`,
    way: `only root can add a folder of the node: ${add} there, then pulumi up --refresh`,
  };
}

function wayToGrow({ environment, guest }: GuestOfEnvironment): string {
  return `lifeboat grow ${environment}/${guest.name}; then ${pulumiLine(environment, "up --refresh")}`;
}

function sizes({ disk, key, found }: Extract<DiskDifference, { kind: "smaller" | "larger" }>): string {
  return `${nameOf(disk)} (${key}) has ${formatSize(found)}, ${formatSize(disk.size)} is wanted`;
}

/** What to write instead of a smaller size. */
export function wayOfLarger(found: number): string {
  if (isVolumeSize(found)) return `a disk cannot be made smaller: write \`size: ${formatSize(found)}\``;
  return "a disk cannot be made smaller: write the next size in whole GiB (above 1TiB: whole TiB), and let it grow to that";
}

function storageReplacement(
  { disk, key, found }: Extract<DiskDifference, { kind: "storage" }>,
  { guest }: GuestOfEnvironment,
): Replacement {
  const move = `pct move-volume ${guest.id} ${key} ${disk.storage}`;
  return {
    text: `${nameOf(disk)} (${key}) is on storage ${found}, ${disk.storage} is wanted`,
    way: `write \`storage: ${found}\`; to move it, stop the guest, run ${move} on the node, then pulumi up --refresh`,
  };
}

function sourceReplacement({ disk, key, found }: Extract<DiskDifference, { kind: "source" }>): Replacement {
  const wanted = disk.kind === "bind" ? disk.bind : `a volume on ${disk.storage}`;
  return {
    text: `${nameOf(disk)} (${key}) is ${found}, ${wanted} is wanted`,
    way: "write what is there, and declare the other as a disk of its own at another path",
  };
}

function unknownReplacement(
  { key, found }: Extract<DiskDifference, { kind: "unknown" }>,
  { id }: ContainerGuest,
): Replacement {
  return {
    text: `disk ${key} (${found.volume} at ${pathOf(found)}) is there and not in the settings`,
    way:
      `declare it: ${declaration(key, found)}; or take it out, which keeps its data as an unused volume: ` +
      `pct set ${id} --delete ${key} on the node and a restart of the guest, then pulumi up --refresh`,
  };
}

/** The line that declares a disk as it is. */
function declaration(key: string, { kind, volume, size, ...mount }: MountPoint): string {
  const place = `mount: ${pathOf({ kind, volume, ...mount })}, slot: ${String(slotOf(key))}`;
  if (kind !== "volume") return `\`NAME: { ${place}, bind: ${volume}, protectedBy: WHAT }\``;
  const storage = storageOf(volume);
  return `\`NAME: { ${place}, storage: ${storage}, size: ${size === undefined ? "SIZE" : formatSize(size)} }\``;
}

/** Numbers that would change: the disks are the same, but the provider compares them one by one. */
function shift({ guest }: GuestOfEnvironment, configuration: ConfigurationKeys): Replacement {
  const shifts = compareDisks(guest, configuration).flatMap((one) =>
    one.kind === "slot" ? [`${one.disk.name} is ${one.key} and would become mp${String(one.slot)}`] : [],
  );
  const lines = slotLines(guest, configuration);
  return {
    text: `disks would change their numbers: ${shifts.join(", ")}`,
    way:
      lines === undefined
        ? "mount the new disk where it hides none, and fill gaps in the numbers on the node: pct set ID --delete mpN keeps the volume, pct set ID --mpM VOLUME,mp=PATH,backup=1 mounts it again"
        : `write ${lines.map(({ disk, slot }) => `\`slot: ${String(slot)}\` in disks.${disk}`).join(" and ")}`,
  };
}

function otherReplacements({ guest, environment }: GuestOfEnvironment, live: LiveContainer): Replacement[] {
  const unprivileged = live.configuration["unprivileged"] === "1";
  const { name } = guest;
  return [
    ...(unprivileged === guest.unprivileged
      ? []
      : [
          {
            text: `it is ${unprivileged ? "" : "not "}unprivileged, and the settings say \`unprivileged: ${String(guest.unprivileged)}\``,
            way: `write \`unprivileged: ${String(unprivileged)}\`: the files of its disks belong to other users otherwise`,
          },
        ]),
    ...(live.pool === guest.pool ? [] : [poolChange(guest, live)]),
    ...(live.configuration["template"] === "1"
      ? [
          {
            text: "it was made a template",
            way: `restore its newest backup under another id: lifeboat restore guest ${environment}/${name} --target-id ID`,
          },
        ]
      : []),
  ];
}

function poolChange({ id, pool }: ContainerGuest, live: LiveContainer): Replacement {
  const found = live.pool === undefined ? "in no pool" : `in pool ${live.pool}`;
  const wanted = pool === undefined ? "none is wanted" : `${pool} is wanted`;
  const move =
    pool === undefined
      ? `pvesh set /pools/${live.pool ?? ""} --vms ${id} --delete 1`
      : `pvesh set /pools/${pool} --vms ${id} --allow-move 1`;
  return { text: `it is ${found}, ${wanted}`, way: `move it on the node: ${move}` };
}

function nameOf(disk: { readonly kind: "root" | Disk["kind"]; readonly name: string }): string {
  return disk.kind === "root" ? "the root disk" : `disk ${disk.name}`;
}

/** A message for all of them. */
export function replacementMessage({ guest }: GuestOfEnvironment, found: readonly Replacement[]): string {
  const what = found.length === 1 ? "a change" : "changes";
  const head = `Unable to update guest ${guest.name} (${guest.id}): ${what} would replace it with an empty one`;
  return [head, ...replacementLines(found)].join("\n");
}

/** A line for each; below those that have one way stands that way. */
export function replacementLines(found: readonly Replacement[]): string[] {
  const ways = [...new Set(found.map(({ way }) => way))];
  return ways.flatMap((way) => [
    ...found.filter((one) => one.way === way).map(({ text }) => `  ${text}`),
    `  HINT: ${way}`,
  ]);
}
