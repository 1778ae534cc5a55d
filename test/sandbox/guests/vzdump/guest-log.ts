import { localTime } from "../../../../proxmox/rules/time-zones";
import type { Node } from "../../model/site";
import type { Task } from "../../model/tasks";

/** Lines of a backup run: into the task's log, and those of a guest with a time stamp into a text for its archive's log. */
export class GuestLog {
  readonly #node: Node;
  readonly #task: Task;
  #lines: string[] | undefined;

  constructor(node: Node, task: Task) {
    this.#node = node;
    this.#task = task;
  }

  /** From here on lines are kept for the guest. */
  openGuest(): void {
    this.#lines = [];
  }

  /** Text of the guest's log; undefined when none was opened. */
  closeGuest(): string | undefined {
    const lines = this.#lines;
    this.#lines = undefined;
    return lines?.map((line) => `${line}\n`).join("");
  }

  info(text: string): void {
    this.#write("INFO:", text);
  }

  error(text: string): void {
    this.#write("ERROR:", text);
  }

  /** Counts: the task ends with `WARNINGS: n`. */
  warn(text: string): void {
    for (const line of this.#split(text)) {
      this.#task.warn(line);
      this.#keep("WARN:", line);
    }
  }

  /** Only into the task's log. */
  infoForTask(text: string): void {
    this.#task.log(`INFO: ${text}`);
  }

  /** `2026-11-20 20:13:14` by the node's wall clock. */
  now(): string {
    return wallClock(this.#node, this.#node.clock.seconds());
  }

  #write(level: string, text: string): void {
    for (const line of this.#split(text)) {
      this.#task.log(`${level} ${line}`);
      this.#keep(level, line);
    }
  }

  #split(text: string): string[] {
    return text.trimEnd() === "" ? [] : text.trimEnd().split("\n");
  }

  #keep(level: string, line: string): void {
    this.#lines?.push(`${this.now()} ${level} ${line}`);
  }
}

function wallClock(node: Node, seconds: number): string {
  const { year, month, day, hour, minute, second } = localTime(seconds, node.timeZone);
  return `${year}-${twoDigits(month)}-${twoDigits(day)} ${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
