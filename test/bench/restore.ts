import { setTimeout as pause } from "node:timers/promises";
import { RestoreSite, node } from "../commands/restore/restore-site";
import { inTurns, type Ratio } from "./measure";

const slow = { storage: "data", milliseconds: "2000" };
const guest = { node, type: "lxc", vmid: 101 } as const;

/** Steps that have a price of their own, which people choose: each says in the report what it took. */
const namedSteps = /^(save-point|inspect|checks|compare)/u;

/**
 * What `lifeboat restore guest` adds to the restore and start of a lost container, less the steps that its report names:
 * against the same two requests, sent and waited for by hand. The storage is slow, so that the node's work takes seconds,
 * as a small guest's does.
 */
export async function measureRestore(progress: (line: string) => void): Promise<Ratio> {
  progress("restore of a lost container, and the same requests by hand");
  const site = await RestoreSite.start([{ id: guest.vmid, name: "web" }]);
  try {
    await site.backUp(guest.vmid);
    await site.destroy(guest.vmid);
    await site.fault("slow-storage", slow);
    let named = 0;
    const restore = async (): Promise<void> => {
      const { code, stdout, stderr } = await site.lifeboat(["restore", "guest", "web", "--force", "--json"], {
        asProcess: true,
      });
      if (code !== 0) throw new Error(`lifeboat restore guest ended with ${String(code)}: ${stdout}${stderr}`);
      const { steps }: { steps: { id: string; seconds?: number }[] } = JSON.parse(stdout);
      named = steps.reduce((sum, { id, seconds = 0 }) => sum + (namedSteps.test(id) ? seconds * 1_000 : 0), 0);
    };
    await restore();
    const sent = site.requests().find(({ method, path }) => method === "POST" && path === `/nodes/${node}/lxc`);
    const byHand = async (): Promise<void> => {
      await ended(site, String(await site.client.post(["nodes", node, "lxc"], { ...parametersOf(sent?.parameters) })));
      await ended(site, await site.client.guests.start(guest));
    };
    const lost = async (): Promise<void> => {
      await site.clearFaults();
      await site.destroy(guest.vmid);
      await site.fault("slow-storage", slow);
    };
    const { measured, against } = await inTurns(3, restore, byHand, lost);
    const milliseconds = measured - named;
    const what = "less named steps ÷ task and start";
    return {
      measure: "restore",
      what,
      milliseconds,
      againstMilliseconds: against,
      ratio: milliseconds / against,
      atMost: 1.1,
    };
  } finally {
    await site.stop();
  }
}

function parametersOf(parameters: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
}

/** Waits as closely as a script would. */
async function ended(site: RestoreSite, upid: string): Promise<void> {
  while ((await site.client.tasks.status(upid)).status === "running") await pause(50);
}
