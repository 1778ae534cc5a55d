import { setTimeout as pause } from "node:timers/promises";
import { RestoreSite, type SiteOptions } from "../restore/restore-site";
import type { LoggedRequest } from "../support/request-log";
import { errorOf, masked, type FaultCase, type Scene } from "./fault-case";

/** Shows every case on one site, each with a guest of its own. */
export function runCases(cases: readonly FaultCase[], options?: SiteOptions): void {
  let site: RestoreSite;
  const guests = cases.map((_, index) => ({ id: 301 + index, name: `guest${index}x` }));

  beforeAll(async () => {
    site = await RestoreSite.start(guests, options);
  });
  afterAll(() => site.stop());
  afterEach(() => site.clearFaults());

  test.each(cases.map((one, index) => ({ title: one.fault, one, guest: guests[index] })))(
    "$title [K2, K4]",
    async ({ one, guest }) => {
      if (guest === undefined) throw new Error("every case has a guest");
      const scene = await prepare(site, guest);
      const result = await one.run(scene);
      await site.clearFaults();
      const said = masked(errorOf(result), scene);
      expect({ exitCode: result.code, message: said }).toEqual({ exitCode: one.exitCode, message: one.message });
      for (const { check } of one.afterwards) await check(scene);
    },
  );
}

/** One archive of the guest with 512 MiB, and a guest that has 640 since. */
async function prepare(site: RestoreSite, { id, name }: { id: number; name: string }): Promise<Scene> {
  const archive = await site.backUp(id);
  await site.client.guests.setGuestConfig({ node: "pve-prod", type: "lxc", vmid: id }, { memory: 640 });
  const lifeboat = commandLine(site, name);
  const during = whenAsked(site, lifeboat);
  const before = await site.picture(id);
  return { site, vmid: id, name, archive, before, archivesBefore: await site.archives(id), lifeboat, during };
}

/** The bundled program, with `web` for the guest's name. */
export function commandLine(site: RestoreSite, name: string, env: Record<string, string> = {}): Scene["lifeboat"] {
  return (command, options = {}) =>
    site.lifeboat(
      command.split(" ").map((word) => word.replace(/^web$/u, name).replace(/=web$/u, `=${name}`)),
      { ...options, env: { ...env, ...options.env } },
    );
}

/** Runs a command and does something when its first request of a kind is seen. */
export function whenAsked(site: RestoreSite, lifeboat: Scene["lifeboat"]): Scene["during"] {
  return async (command, moment, deed, options) => {
    const seen = site.requests().length;
    const running = lifeboat(command, options);
    const isOver = running.then(() => true);
    const reached = (request: LoggedRequest): boolean => moment(request);
    while (!site.requests().slice(seen).some(reached)) {
      if (await Promise.race([isOver, pause(5).then(() => false)])) return running;
    }
    await deed();
    return running;
  };
}
