import { setTimeout as sleep } from "node:timers/promises";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type Finding, type Step, standing } from "../engine/step";
import { heldByHa } from "../steps/guest/ha-work";
import { isOnline } from "../steps/guest/search-archives";
import type { GuestResult } from "./guests-step";
import type { EnvironmentLook, GuestLook } from "./plan";
import type { SiteSession } from "./session";

/** Path of the step that waits for HA. */
export const haPath = "ha";

/** Seconds that HA is waited for: it needs some two minutes to fence a node, then it starts one guest after the other. */
const patience = 900;

/** Seconds between two looks. */
const pause = 2;

/** How a guest is at a look: undefined while HA is at work. */
type Outcome = { readonly result: GuestResult["result"]; readonly problem?: Pick<Finding, "text" | "mend"> };

/** Waits until HA has ended its work on guests of dead nodes, so that nobody else restores or starts them. Undefined: there is none. */
export function haStep(environments: readonly EnvironmentLook[], session: SiteSession): Step | undefined {
  const held = environments.flatMap(({ name, guests }) =>
    guests.filter(({ way }) => way === "ha").map((look) => ({ environment: name, look })),
  );
  if (held.length === 0) return undefined;
  const names = held.map(({ environment, look }) => `${environment}/${look.name}`).join(", ");
  return standing({
    id: haPath,
    title: `Wait for HA: ${names}`,
    does: `wait until HA has ${names} back, with their disks, on nodes that are there; ${String(patience / 60)} min at most`,
    card: {
      needs: "quorum, and a node that is left in the group of each",
      command: "on a node: ha-manager status",
      check: "each runs on a node that answers",
    },
    run: async ({ signal, progress }) => {
      const ends = Date.now() + patience * 1_000;
      const outcomes = await Promise.all(
        held.map(async ({ environment, look }) => {
          const started = Date.now();
          const client = await session.site.environment(environment).client();
          const outcome = await untilSettled(client, look, ends, signal, progress);
          const seconds = (Date.now() - started) / 1_000;
          return { guest: `${environment}/${look.name}`, seconds, ...outcome };
        }),
      );
      const results = outcomes.map(({ guest, result, seconds }): GuestResult => ({
        guest,
        result,
        archive: null,
        time: null,
        seconds,
      }));
      const findings = outcomes.flatMap(({ guest, problem }): Finding[] =>
        problem === undefined ? [] : [{ severity: "problem", ...problem, text: `${guest}: ${problem.text}` }],
      );
      return { facts: { results: JSON.stringify(results) }, findings };
    },
  });
}

async function untilSettled(
  client: ProxmoxClient,
  look: GuestLook,
  ends: number,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<Outcome> {
  for (;;) {
    const { outcome, state, mend } = await lookOnce(client, look);
    if (outcome !== undefined) return outcome;
    if (Date.now() > ends) {
      const text = `HA has not ended its work within ${String(patience / 60)} min (${state})`;
      return { result: "lost", problem: { text, ...(mend === undefined ? {} : { mend }) } };
    }
    progress(`${look.name}: ${state}`);
    await sleep(pause * 1_000, undefined, { signal });
  }
}

interface Look {
  readonly outcome?: Outcome;
  readonly state: string;
  readonly mend?: string;
}

async function lookOnce(client: ProxmoxClient, look: GuestLook): Promise<Look> {
  const [nodes, guests] = await Promise.all([client.cluster.nodes(), client.cluster.guests()]);
  const listed = guests.find(({ vmid }) => vmid === look.id);
  if (listed === undefined) {
    const problem = { text: "somebody took it away while HA was waited for", mend: "lifeboat recover" };
    return { outcome: { result: "lost", problem }, state: "gone" };
  }
  const state = listed.hastate ?? "not managed by HA any more";
  const held = await heldByHa(client, { ...listed, name: look.name }, nodes);
  if (held !== undefined && held.work !== "working") {
    return { outcome: { result: "lost", problem: { text: held.why, mend: held.mend } }, state };
  }
  if (held !== undefined) return { state, mend: held.mend };
  const isHome = nodes.some((node) => node.node === listed.node && isOnline(node));
  if (!isHome) {
    const problem = { text: `HA has let go of it, and ${listed.node} is offline`, mend: "lifeboat recover" };
    return { outcome: { result: "lost", problem }, state };
  }
  const isUp = listed.status === "running" || state !== "started";
  return isUp ? { outcome: { result: "back" }, state } : { state: "starting" };
}
