import { counted } from "../../../terminal/text";
import * as z from "zod";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { TaskOutcome } from "../../../../proxmox/api/tasks";
import { parseVzdumpLog } from "../../../../proxmox/rules/vzdump-log";
import type { Facts, Finding, Step } from "../../engine/step";
import { findStarted, logWords, runTaskOnce } from "../../steps/guest/start-task-once";
import { volumeOf, vzdumpError } from "../../steps/guest/vzdump-archive";
import { waitForOwnName } from "../../steps/guest/wait-for-own-name";
import { type BackupRun, type GuestOutcome, guestOutcomeSchema } from "./plan";

/** Path of the only step of a run. */
export const runPath = "run";

/** Runs vzdump over the guests of a node, once, and finds out what became of each. */
export function runSteps(run: BackupRun, client: ProxmoxClient): Step[] {
  const { node, storage, guests } = run;
  const vmids = guests.map(({ id }) => id);
  const task = { node, vmid: vmids.length === 1 ? vmids[0] : undefined, type: "vzdump" };
  return [
    {
      id: runPath,
      title: `Back up ${counted(guests.length, "guest")} of ${node}`,
      does: `back ${guests.map(({ name }) => name).join(", ")} up to ${storage}`,
      // A task that an earlier process has started is waited for by `run`.
      probe: async (context) => {
        await findStarted(context, client, task);
        return undefined;
      },
      run: async (context) => {
        const start = async (signal: AbortSignal) => {
          await waitForOwnName(client, node, storage, vmids, signal);
          return client.backups.vzdumpSeveral(node, vmids, run.request);
        };
        const outcome = await runTaskOnce(context, client, { ...task, start, tell: teller(run) });
        const outcomes = await outcomesOf(run, outcome, client);
        return { facts: { outcomes: JSON.stringify(outcomes) }, findings: findingsOf(run, outcomes, outcome) };
      },
    },
  ];
}

/** What is known of each guest of a run that has ended. */
export function outcomesIn(facts: Facts): GuestOutcome[] {
  const { outcomes } = facts;
  return typeof outcomes === "string" ? z.array(guestOutcomeSchema).parse(JSON.parse(outcomes)) : [];
}

/** Counts guests as the log comes to them: `3 of 14, db (102): archive file size: 1.2GB`. */
function teller({ guests }: BackupRun): (lines: readonly string[]) => string {
  const log: string[] = [];
  return (lines) => {
    log.push(...lines);
    const begun = parseVzdumpLog(log).guests;
    const last = logWords(lines.at(-1) ?? "");
    const current = begun.at(-1);
    if (current === undefined) return last;
    const name = guests.find(({ id }) => id === current.vmid)?.name ?? String(current.vmid);
    return `${begun.length} of ${guests.length}, ${name} (${current.vmid}): ${last}`;
  };
}

/** Never fails because of a guest: one that was not backed up has its reason, and the others stand. */
async function outcomesOf(run: BackupRun, outcome: TaskOutcome, client: ProxmoxClient): Promise<GuestOutcome[]> {
  const logged = new Map(parseVzdumpLog(outcome.log).guests.map((guest) => [guest.vmid, guest]));
  const archives = await client.backups.archives(run.node, run.storage);
  const sizes = new Map(archives.map(({ volid, size }) => [volid, size]));
  return run.guests.map(({ id }): GuestOutcome => {
    const guest = logged.get(id);
    if (guest === undefined) return { id, state: "none", reason: `the run ended before it: ${vzdumpError(outcome)}` };
    const archive = guest.archive && volumeOf(guest.archive, run.storage);
    if (guest.state !== "finished" || archive === undefined) {
      return {
        id,
        state: "failed",
        reason: guest.reason ?? `the run ended in the middle of it: ${outcome.exitStatus}`,
      };
    }
    const bytes = sizes.get(archive);
    if (bytes === undefined) {
      return { id, state: "failed", reason: `the run says that it is done, but ${archive} is not on ${run.storage}` };
    }
    return {
      id,
      state: "finished",
      archive,
      bytes,
      ...(guest.seconds === undefined ? {} : { seconds: guest.seconds }),
    };
  });
}

function findingsOf({ guests }: BackupRun, outcomes: readonly GuestOutcome[], { log }: TaskOutcome): Finding[] {
  const name = (id: number): string => guests.find((guest) => guest.id === id)?.name ?? String(id);
  const failed = outcomes.flatMap(({ id, state, reason = "" }): Finding[] =>
    state === "finished" ? [] : [{ severity: "problem", text: `${name(id)} was not backed up: ${reason}` }],
  );
  const warnings = log
    .filter((line) => line.startsWith("WARN"))
    .map((line): Finding => ({ severity: "note", text: `the node warned: ${line}` }));
  return [...failed, ...warnings];
}
