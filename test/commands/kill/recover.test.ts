import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { RecoverSite } from "../recover/recover-site";
import { unrecorded } from "../recover/unrecorded";
import { renaming, startReplaced } from "../recover/replaced-site";
import { asksFor } from "../support/held-tasks";
import { startStore } from "../up/up-site";

/**
 * `lifeboat recover` is cut off at each of its own steps, one after the other, when what the step does is done and not recorded, and
 * the operator's machine is started anew each time. What its steps begin has journals of its own, which are killed in the other tests here.
 */

interface Scene {
  readonly lost: RecoverSite;
  readonly flags: readonly string[];
  stop(): Promise<void>;
}

interface Row {
  readonly what: string;
  readonly steps: readonly string[];
  readonly start: () => Promise<Scene>;
}

const rows: readonly Row[] = [
  {
    what: "a node that was installed anew",
    steps: ["storage-prod", "guests", "refresh-prod", "up", "check"],
    start: async () => {
      const lost = await RecoverSite.start(
        [
          { id: 101, name: "web" },
          { id: 102, name: "db" },
        ],
        { state: { web: { nodeName: "pve-prod" } } },
      );
      for (const id of [101, 102]) await lost.site.destroy(id);
      const settings = lost.site.read("Pulumi.prod.yaml");
      const defined = "storage: { id: backup, type: dir, path: /mnt/backup }";
      lost.site.write("Pulumi.prod.yaml", settings.replace(/storage: \{ id: backup[^}]*\}/u, defined));
      await lost.forgetStorage();
      lost.grow("made-by-up");
      return { lost, flags: [], stop: () => lost.stop() };
    },
  },
  {
    what: "a node of another name",
    steps: ["settings", "guests", "rename-prod", "refresh-prod", "up", "check"],
    start: async () => {
      const { lost, stop } = await startReplaced();
      lost.grow("made-by-up");
      return { lost, flags: renaming, stop };
    },
  },
  {
    what: "a site whose state store is gone with its guests",
    steps: ["guests-first", "store", "refresh-prod", "up", "check"],
    start: async () => {
      const lost = await RecoverSite.start(
        [
          { id: 101, name: "web" },
          { id: 102, name: "db" },
        ],
        { state: { web: { nodeName: "pve-prod" } } },
      );
      const store = await startStore(join(lost.site.folder, "store"));
      const lose = await lost.keepStateIn(store);
      for (const id of [101, 102]) await lost.site.destroy(id);
      lose();
      lost.grow("made-by-up");
      const stop = async (): Promise<void> => {
        await lost.stop();
        await store.close();
      };
      return { lost, flags: [], stop };
    },
  },
];

const journalShape = z.looseObject({
  kind: z.string(),
  state: z.string(),
  steps: z.record(z.string(), z.looseObject({ state: z.string() })),
});

const lockShape = z.looseObject({ place: z.looseObject({ boot: z.string(), namespace: z.string() }) });

/** The operator's machine starts anew: what ran there is gone, and its locks are of another start. Gives how many there were. */
function reboot({ site }: RecoverSite): number {
  const locks = filesOf(site).filter((path) => path.endsWith(".lock"));
  for (const path of locks) {
    const { place, ...owner } = lockShape.parse(JSON.parse(readFileSync(path, "utf8")));
    // In a container nobody can tell its start from another container: there the lock holds until somebody removes it, as told.
    if (place.namespace !== "pid:[4026531836]") rmSync(path);
    else writeFileSync(path, JSON.stringify({ ...owner, place: { ...place, boot: "of-another-start" } }));
  }
  return locks.length;
}

const reportShape = z.looseObject({
  proven: z.boolean(),
  findings: z.array(z.unknown()),
  environments: z.array(
    z.looseObject({
      up: z.string(),
      guests: z.array(
        z.looseObject({ guest: z.string(), result: z.string(), archive: z.string().nullable(), seconds: z.unknown() }),
      ),
    }),
  ),
});

/** What the command line keeps on this machine, of every node that it has spoken to. */
function filesOf(site: RecoverSite["site"]): string[] {
  const home = dirname(site.stateFolder());
  return readdirSync(home, { recursive: true, encoding: "utf8" }).map((name) => join(home, name));
}

/** Ids of guests that a node was asked to restore, in the order of the requests. */
function restores({ site }: RecoverSite): unknown[] {
  const asked = site.requests().filter(({ method, path }) => method === "POST" && /^\/nodes\/[^/]+\/lxc$/u.test(path));
  return asked.map(({ parameters }) => parameters["vmid"]).sort();
}

function recoveries({ site }: RecoverSite): string[] {
  const files = filesOf(site).filter((path) => /\/0?\d{1,2}-\d{8}T\d{9}(?:-\d+)?\.json$/u.test(path));
  const journals = files.map((path) => journalShape.parse(JSON.parse(readFileSync(path, "utf8"))));
  return journals.filter(({ kind }) => kind === "recover").map(({ state }) => state);
}

describe.each(rows)("recovery of $what", ({ steps, start }) => {
  test("killed at each step, and the operator's machine started anew: it ends whole, nothing is done twice, the report has all of it [H1, K4]", async () => {
    const { lost, flags, stop } = await start();
    try {
      const argv = [...flags, "--force", "--json"];
      for (const step of steps) {
        const killed = await lost.recover(argv, unrecorded(step));
        expect({ step, ...killed }).toMatchObject({ step, code: null });
        expect(reboot(lost)).toBeGreaterThan(0);
        // Begun anew, and cut off before the one before it is given up.
        if (step.startsWith("guests"))
          expect(await lost.recover(argv, { killAt: "after 1" })).toMatchObject({ code: null });
      }
      const { code, stdout, stderr } = await lost.recover(argv);
      const { proven, findings, environments } = reportShape.parse(JSON.parse(stdout || stderr));
      const back = { result: "back", archive: expect.stringMatching(/^backup:/u), seconds: expect.any(Number) };
      expect({ code, proven, findings, environments }).toMatchObject({
        code: 0,
        proven: true,
        findings: [],
        environments: [
          {
            up: "unchanged",
            guests: [
              { guest: "prod/web", ...back },
              { guest: "prod/db", ...back },
            ],
          },
        ],
      });
      expect(restores(lost)).toEqual(["101", "102"]);
      expect(await lost.recorded("made-by-up")).toBeDefined();
      // Each cut off run was given up by the one after it, and the last has ended.
      expect(recoveries(lost).sort()).toEqual(["done", ...steps.map(() => "given-up"), "given-up"]);
      expect((await lost.recover(argv)).stdout).toContain(flags.length === 0 ? '"changed":false' : '"proven":true');
    } finally {
      await stop();
    }
  });
});

test("a real SIGKILL while guests are restored: the next run waits for nothing, and restores none twice [H1, K4]", async () => {
  const lost = await RecoverSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
  try {
    for (const id of [101, 102]) await lost.site.destroy(id);
    await lost.site.fault("task-waits", { type: "vzrestore" });
    const first = lost.recover(["--force"], {
      onSpawn: async (pid) => {
        while (lost.site.requests().filter(asksFor("vzrestore")).length < 2) await new Promise(setImmediate);
        process.kill(pid, "SIGKILL");
      },
    });
    expect((await first).code).toBeNull();
    await lost.site.clearFaults("task-waits");
    expect(reboot(lost)).toBeGreaterThan(0);
    const { code, stdout } = await lost.recover(["--force"]);
    expect(stdout).toMatch(/^The site is back [^]*prod\/web +back\b[^]*prod\/db +back\b/u);
    expect([code, restores(lost)]).toEqual([0, ["101", "102"]]);
  } finally {
    await lost.stop();
  }
});
