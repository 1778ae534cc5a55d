import type { TaskEntry } from "../../../../proxmox/api/answers";
import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { formatInstant } from "../../../terminal/durations";
import type { Finding, Step, StepContext, StepNode, StepResult } from "../../engine/step";
import { known } from "./known";
import { knownTasksIn } from "./start-task-once";

/** Tasks after which a guest is another than the one that an operation has left. */
const overwriting: ReadonlySet<string> = new Set(
  "vzrestore vzcreate vzrollback vzdestroy qmrestore qmcreate qmrollback qmdestroy".split(" "),
);

/** As many as are noted before a request leaves: none that the node knew then is taken for a later one. */
const listed = 50;

/** What an operation has overwritten, and how. */
export interface Overwritten {
  readonly guest: string;
  readonly target: GuestAddress;
  /** Path of the step whose request did it. */
  readonly path: string;
  /** What it put there: an archive, `snapshot before`. */
  readonly source: string;
  /** The command that does it again. */
  readonly again: string;
}

/**
 * The steps of an operation that overwrites a guest, whose last one also tells whether somebody has overwritten it once more:
 * an operation that was resumed speaks of a guest, and proves one, that may not be its own any more.
 */
export function tellOverwritten(
  nodes: readonly StepNode[],
  client: ProxmoxClient,
  overwritten: Overwritten,
): StepNode[] {
  const last = nodes.at(-1);
  if (last === undefined) return [];
  const told =
    "steps" in last
      ? { ...last, steps: tellOverwritten(last.steps, client, overwritten) }
      : withFindings(last, (context) => overwrittenSince(client, context, overwritten));
  return [...nodes.slice(0, -1), told];
}

function withFindings(step: Step, find: (context: StepContext) => Promise<Finding[]>): Step {
  const { probe } = step;
  const add = async (context: StepContext, result: StepResult | void): Promise<StepResult> => {
    const { findings = [], ...rest } = result ?? {};
    return { ...rest, findings: [...findings, ...(await find(context))] };
  };
  return {
    ...step,
    run: async (context) => add(context, await step.run(context)),
    ...(probe === undefined
      ? {}
      : {
          probe: async (context) => {
            const found = await probe(context);
            return found && add(context, found);
          },
        }),
  };
}

/** By what the node had not known when it was asked, and not by times: its clock may have been put back. */
async function overwrittenSince(
  client: ProxmoxClient,
  { factsOf }: Pick<StepContext, "factsOf">,
  { guest, target: { node, vmid }, path, source, again }: Overwritten,
): Promise<Finding[]> {
  const facts = factsOf(path);
  const answer = client.tasks.list(node, { vmid, limit: listed });
  const { value: tasks = [], unread } = await known(`whether somebody has overwritten ${guest} since`, answer);
  if (unread !== undefined) return [{ severity: "todo", text: unread, mend: again }];
  const before = knownTasksIn(facts);
  const isOther = ({ upid, id, type }: TaskEntry): boolean =>
    id === String(vmid) && overwriting.has(type) && upid !== facts["upid"] && !before.has(upid);
  const other = tasks.find((task) => isOther(task) && didSomething(task));
  if (other === undefined) return [];
  const when = formatInstant(new Date(other.starttime * 1_000).toISOString());
  const text = `${guest} was overwritten again after this: task '${other.type}' of ${other.user ?? "somebody"}, begun at ${when}. What is there now is not what came from ${source}, and what was checked may be either`;
  return [{ severity: "problem", text, mend: again }];
}

/** It is at work, or has ended well. One that has failed left the guest as it was, or in a way that checks show. */
function didSomething({ status, endtime }: TaskEntry): boolean {
  return endtime === undefined || status === "OK" || status?.startsWith("WARNINGS: ") === true;
}
