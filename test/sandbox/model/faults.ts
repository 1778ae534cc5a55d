import type { FaultState } from "./state";

/**
 * What can be made to go wrong, and the settings of each (all optional unless said otherwise; `node` limits a fault to
 * one node, `times` ends it by itself after so many hits).
 *
 * - `node-unreachable`: connections to the node are refused (`node`).
 * - `answer-595`: the caller gets 595 and nothing is done, as when the node behind another one is gone (`path`: regular
 *   expression over `METHOD /path`).
 * - `answer-500`: the caller gets an error of a worker that has failed, and nothing is done (`path`).
 * - `answer-empty`: the caller gets an empty list, and nothing is done (`path`).
 * - `answer-596`, `answer-599`: the caller gets that while the work goes on (`path`; `milliseconds`: so long after the
 *   request, otherwise when the work is done).
 * - `task-dies`: a task fails half-way, and cleans up as Proxmox does (`type`, `at`: name of the checkpoint, `text`).
 * - `worker-killed`: a task's worker ends without a last line and cleans nothing up (`type`, `at`).
 * - `task-waits`: a task stands still at a checkpoint until the fault is off or the task is stopped (`type`, `at`).
 * - `storage-full`: no volume or archive can be written to `storage` (required).
 * - `small-disk`: the disk below `storage` has `bytes` in all (both required), so that what lies on it can fill it.
 * - `slow-storage`: each access to the storage takes `milliseconds` longer (required; `storage`).
 * - `backup-server-unreachable`: a Proxmox Backup Server does not answer the nodes (`server`).
 * - `disk-unmounted`: the disk below the folder of `storage` (required) is not mounted. A storage that expects a mount point
 *   there cannot be used; any other shows an empty folder.
 * - `ha-holds`: the HA manager has its services, or that of the guest `vmid`, in `state` (required: `fence`, `freeze`, `error`, …)
 *   and does nothing about them.
 * - `clock-skew`: the node's clock is `seconds` ahead (required).
 * - `token-expires`: the token `token` (full id) is expired; without it all are.
 * - `verification-failed`: an archive is listed as a Proxmox Backup Server lists a snapshot whose verification failed
 *   (`volid`, required).
 * - `agent-silent`: the guest agent in the machine `vmid` does not answer.
 * - `no-size`: an archive is listed as a Proxmox Backup Server lists a snapshot without a readable manifest (`volid`,
 *   required).
 * - `archive-truncated`, `archive-flipped`: done at once to the file of `volid` (required) and not kept.
 */
export const FAULTS = {
  "node-unreachable": { settings: ["node"], required: [] },
  "answer-500": { settings: ["node", "path", "times"], required: [] },
  "answer-595": { settings: ["node", "path", "times"], required: [] },
  "answer-empty": { settings: ["node", "path", "times"], required: [] },
  "answer-596": { settings: ["node", "path", "milliseconds", "times"], required: [] },
  "answer-599": { settings: ["node", "path", "milliseconds", "times"], required: [] },
  "task-dies": { settings: ["node", "type", "at", "text", "times"], required: [] },
  "worker-killed": { settings: ["node", "type", "at", "times"], required: [] },
  "task-waits": { settings: ["node", "type", "at"], required: [] },
  "storage-full": { settings: ["node", "storage", "times"], required: ["storage"] },
  "small-disk": { settings: ["node", "storage", "bytes"], required: ["storage", "bytes"] },
  "slow-storage": { settings: ["node", "storage", "milliseconds"], required: ["milliseconds"] },
  "backup-server-unreachable": { settings: ["node", "server"], required: [] },
  "disk-unmounted": { settings: ["node", "storage"], required: ["storage"] },
  "ha-holds": { settings: ["vmid", "state"], required: ["state"] },
  "clock-skew": { settings: ["node", "seconds"], required: ["seconds"] },
  "token-expires": { settings: ["token"], required: [] },
  "verification-failed": { settings: ["node", "volid"], required: ["volid"] },
  "agent-silent": { settings: ["node", "vmid", "times"], required: [] },
  "no-size": { settings: ["node", "volid"], required: ["volid"] },
  "archive-truncated": { settings: ["node", "volid"], required: ["volid"] },
  "archive-flipped": { settings: ["node", "volid"], required: ["volid"] },
} as const satisfies Record<string, { settings: readonly string[]; required: readonly string[] }>;

export type FaultName = keyof typeof FAULTS;

const FAULT_NAMES = Object.keys(FAULTS).filter((name): name is FaultName => name in FAULTS);

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

/** The faults that are on. Workers and the server ask it where something may go wrong. */
export class Faults {
  readonly #state: () => FaultState[];
  readonly #changed: () => void;

  constructor(state: () => FaultState[], changed: () => void) {
    this.#state = state;
    this.#changed = changed;
  }

  list(): readonly FaultState[] {
    return this.#state();
  }

  /** Switches a fault on; throws an error that names the wrong or missing setting. */
  set(name: string, settings: Readonly<Record<string, string>>): void {
    if (!isFaultName(name)) throw new Error(`unknown fault '${name}'; there are: ${FAULT_NAMES.join(", ")}`);
    const known: { settings: readonly string[]; required: readonly string[] } = FAULTS[name];
    const unknown = Object.keys(settings).find((key) => !known.settings.includes(key));
    if (unknown !== undefined) throw new Error(`the fault '${name}' has no setting '${unknown}'`);
    const missing = known.required.find((key) => settings[key] === undefined);
    if (missing !== undefined) throw new Error(`the fault '${name}' needs the setting '${missing}'`);
    this.#state().push({ name, settings: { ...settings } });
    this.#changed();
  }

  /** Switches all faults of a name off, or all there are. */
  clear(name?: string): void {
    const state = this.#state();
    state.splice(0, state.length, ...state.filter((fault) => name !== undefined && fault.name !== name));
    this.#changed();
  }

  /**
   * Whether a fault hits here. Each setting that both the fault and `where` have must be equal (`path` is a regular
   * expression). A hit counts against the fault's `times`. Answers with the fault's settings.
   */
  hit(name: FaultName, where: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
    const state = this.#state();
    const fault = state.find((candidate) => candidate.name === name && matches(candidate.settings, where));
    if (fault === undefined) return undefined;
    if (fault.settings.times !== undefined) {
      const left = Number(fault.settings.times) - 1;
      if (left > 0) fault.settings.times = String(left);
      else state.splice(state.indexOf(fault), 1);
      this.#changed();
    }
    return fault.settings;
  }
}

function matches(settings: Readonly<Record<string, string>>, where: Readonly<Record<string, string>>): boolean {
  return Object.entries(where).every(([key, value]) => {
    const wanted = settings[key];
    if (wanted === undefined) return true;
    return key === "path" ? new RegExp(wanted).test(value) : wanted === value;
  });
}
