import {
  type Block,
  type Document,
  list,
  section,
  type Section,
  table,
  text,
  warning,
} from "../../terminal/document/document";
import { formatInstant } from "../../terminal/durations";
import { guestTables } from "./guest-tables";
import type { Inventory, InventoryEnvironment } from "./inventory";
import { dataBlocks, offsiteBlocks, stateBlocks } from "./other-tables";
import { bytesOf, momentOf, unknownWord } from "./words";

/** The inventory as a page. */
export function inventoryPage({ project, madeAt, unknown, environments, unusable }: Inventory): Document {
  return {
    title: `What is backed up: ${project}`,
    introduction: [
      `Looked at ${formatInstant(madeAt)}. From the settings, and from what is really there. '${unknownWord}' is what nobody could look at: it is neither there nor not there.`,
    ],
    sections: [
      ...(unknown.length === 0 ? [] : [section("Not known", unknown.map(warning))]),
      ...environments.flatMap(sectionsOf),
      ...unusable.map(({ name, message }) => section(name, [warning(`its settings are wrong: ${message}`)])),
    ],
  };
}

function sectionsOf(environment: InventoryEnvironment): Section[] {
  const { name, profile, endpoint, nodes, unseen, notCovered } = environment;
  const { guests, disks, snapshots } = guestTables(environment);
  const parts: readonly (readonly [string, readonly Block[]])[] = [
    ["Guests", guests],
    ["Disks", disks],
    ["Snapshots on a schedule", snapshots],
    ["Storages for backups", [storageTable(environment)]],
    ["Databases and files in guests", dataBlocks(environment)],
    ["Copies elsewhere", offsiteBlocks(environment)],
    ["State of its stack", stateBlocks(environment)],
    ["In no settings and in no backup", notCovered === null ? [text(unknownWord)] : strangers(notCovered)],
  ];
  return [
    section(name, [
      text(`Profile ${profile}; ${nodes.join(", ")} at ${endpoint}.`),
      ...(unseen === null ? [] : [warning(`Its nodes gave no answer: ${unseen}`)]),
      ...jobBlocks(environment),
    ]),
    ...parts.flatMap(([title, blocks]) => (blocks.length === 0 ? [] : [section(title, blocks, 3)])),
  ];
}

function jobBlocks(environment: InventoryEnvironment): Block[] {
  const { id, storage, schedule, mode, compress, keep, enabled, found, nextRun, lastRuns } = environment.job;
  const next = nextRun === null ? (found === null ? unknownWord : "none") : momentOf(nextRun, environment);
  const last =
    lastRuns === null
      ? unknownWord
      : lastRuns.length === 0
        ? "none in the lists of tasks"
        : lastRuns.map((run) => `${run.result} at ${momentOf(run.started, environment)} on ${run.node}`).join("; ");
  const declared = { schedule, storage, keep };
  return [
    text(
      `Backup job ${id}: ${enabled ? "on" : "switched off"}, '${schedule}' to storage ${storage}, mode ${mode}, compression ${compress}, keeps ${keep}. Next run: ${next}. Last run: ${last}.`,
    ),
    ...(found === null ? [] : differences(found, declared).map(warning)),
  ];
}

/** Where the node's job is not the one of the settings. */
function differences(
  found: NonNullable<InventoryEnvironment["job"]["found"]>,
  declared: Readonly<Record<"schedule" | "storage" | "keep", string>>,
): string[] {
  if (!found.exists) return ["Its node has no such job: nothing is backed up by itself."];
  const names = ["schedule", "storage", "keep"] as const;
  return [
    ...(found.enabled === false ? ["The job is switched off on its node."] : []),
    ...names.flatMap((name) => {
      // Without a retention of its own the storage's decides.
      const there = found[name] ?? (name === "keep" ? "what its storage says" : "nothing");
      return there === declared[name] ? [] : [`On its node the job's ${name} is '${there}', not '${declared[name]}'.`];
    }),
  ];
}

function storageTable({ storages }: InventoryEnvironment): Block {
  return table(
    ["STORAGE", "NODE", "SHARED", "USED", "OF", "ARCHIVES", "STATE"],
    storages.map(({ storage, node, shared, used, total, archives, active, declared }) => [
      storage,
      node,
      shared === null ? unknownWord : shared ? "yes" : "no",
      bytesOf(used),
      bytesOf(total),
      archives === null ? unknownWord : String(archives),
      `${active === null ? "not found" : active ? "active" : "not active"}${declared ? ", of the job" : ""}`,
    ]),
  );
}

function strangers(guests: NonNullable<InventoryEnvironment["notCovered"]>): Block[] {
  if (guests.length === 0) return [];
  return [
    list(
      guests.map(({ id, name, type }) => {
        const what = type === "lxc" ? "container" : "virtual machine";
        return `${what} ${String(id)}${name === "" ? "" : ` (${name})`}: lifeboat adopt ${String(id)}`;
      }),
    ),
  ];
}
