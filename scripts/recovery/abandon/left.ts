import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { StoreError } from "../../clients/object-store/object-store";
import { CommandError } from "../../terminal/command-error";
import type { Journal } from "../engine/journal";
import type { Facts } from "../engine/step";
import type { RestorePlan } from "../steps/guest/plan";
import { newTaskSince, requestedTask } from "../steps/guest/start-task-once";

/** Something that an abandoned operation leaves behind, as it was found. */
export interface LeftFact {
  /** `web (101)`, `save point backup:…`. */
  readonly about: string;
  /** How it was found, or why it was not looked at, as the end of a sentence. */
  readonly is: string;
  readonly known: boolean;
  /** What can be done with it. */
  readonly next?: string;
}

/** What is left, and where. */
export interface Left {
  readonly client: ProxmoxClient;
  readonly journal: Journal;
  /** `prod/web` while the settings have it: commands work on it. */
  readonly selector: string | undefined;
  readonly name: string;
  /** The guest, or the copy. */
  readonly place: Pick<GuestAddress, "node" | "vmid">;
  readonly restore: RestorePlan | undefined;
}

/** @param about what is not known where it cannot be looked at */
export async function look(about: string, find: () => Promise<LeftFact[]>): Promise<LeftFact[]> {
  try {
    return await find();
  } catch (error) {
    if (!isUnseen(error)) throw error;
    return [{ about, is: `was not looked at: ${error.message}`, known: false }];
  }
}

/** The node or the store did not answer, or does not let it be seen: anything else is a defect. */
export function isUnseen(error: unknown): error is ProxmoxError | StoreError | CommandError {
  return error instanceof ProxmoxError || error instanceof StoreError || error instanceof CommandError;
}

/** Steps that were begun and not taken back, with what is known of them. */
export function begunSteps({ contents }: Journal): { path: string; facts: Facts; isDone: boolean }[] {
  return Object.entries(contents.steps).flatMap(([path, { state, facts }]) =>
    state === "taken-back" ? [] : [{ path, facts, isDone: state === "done" }],
  );
}

/** The task that a step has begun last, also where the node's answer came back to nobody; undefined: none is known. */
export async function taskOfStep(facts: Facts, client: ProxmoxClient): Promise<string | undefined> {
  const { upid, failedTask, asked } = facts;
  const requested = requestedTask(facts);
  const isUnsure = asked === true && (upid === undefined || upid === failedTask);
  const found = isUnsure && requested !== undefined ? await newTaskSince(facts, client, requested) : undefined;
  return found ?? (typeof upid === "string" ? upid : undefined);
}
