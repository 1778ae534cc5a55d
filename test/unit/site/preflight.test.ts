import { markOf } from "../../../site/mark";
import {
  judge,
  judgeArchives,
  rebootsIn,
  type ArchivesOfId,
  type Occupant,
  type SiteFacts,
} from "../../../site/preflight";
import type { ContainerGuest } from "../../../site/settings/environment";
import {
  containerOf,
  environmentOf,
  exampleContainer,
  exampleSettings,
  liveConfiguration,
} from "../../support/example-environment";

const environment = environmentOf(exampleSettings());
const newest = Date.UTC(2026, 10, 20, 1) / 1000;

const live = { configuration: liveConfiguration(), running: true, pool: undefined };

function factsOf(occupant: Occupant, archives?: ArchivesOfId, other: Partial<SiteFacts> = {}): SiteFacts {
  return { guests: [{ guest: containerOf(), occupant, archives }], missingAdopted: [], freeId: 105, ...other };
}

function containerWith(description: string, node = "pve-prod"): Occupant {
  return { kind: "container", node, name: "shop", description, ...live };
}

const ours = containerWith(`${markOf({ environment: "prod", guest: "web" })}\n`);

describe("an id that is taken (A14)", () => {
  test("by this environment's guest of that name: go on", () => {
    expect(judge(environment, factsOf(ours))).toEqual({ refusals: [], warnings: [] });
  });

  test("by a guest without a mark: refused, with adopt and a free id", () => {
    expect(judge(environment, factsOf(containerWith("made by hand"))).refusals).toEqual([
      "Unable to create guest web: container 101 (shop) is on pve-prod and was not made by Lifeboat\n" +
        "HINT: to back it up without owning it, write `web: { adopt: 101 }`; otherwise give it another id, such as 105, which is free",
    ]);
  });

  test("without an id to offer", () => {
    const { refusals } = judge(environment, { ...factsOf(containerWith("")), freeId: undefined });
    expect(refusals[0]).toMatch(/otherwise give it another id$/);
  });

  test.each<[string, Occupant, RegExp]>([
    ["another environment's guest", containerWith(markOf({ environment: "lab", guest: "web" })), /environment lab/],
    [
      "a virtual machine",
      { kind: "virtual-machine", node: "pve2", name: "shop", description: "", ...live },
      /virtual machine 101 \(shop\) is on pve2/,
    ],
    ["a guest that the token may not see", { kind: "unseen" }, /may not see/],
  ])("by %s: refused", (_what, occupant, text) => {
    const { refusals } = judge(environment, factsOf(occupant));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatch(text);
  });

  test("by this environment's guest of another name: a rename would make Pulumi delete it", () => {
    const { refusals } = judge(environment, factsOf(containerWith(markOf({ environment: "prod", guest: "shop" }))));
    expect(refusals[0]).toMatch(/guest shop of this environment; Pulumi would delete it\nHINT: keep shop as its key/);
  });

  test("by this environment's guest on another node: the provider would take it for a new one", () => {
    const moved = containerWith(markOf({ environment: "prod", guest: "web" }), "pve2");
    expect(judge(environment, factsOf(moved)).refusals[0]).toMatch(/is on pve2, and the settings say pve-prod/);
  });

  test("where Proxmox cannot say: a warning", () => {
    const verdict = judge(environment, factsOf({ kind: "unknown", reason: "node is offline" }));
    expect(verdict).toMatchObject({ refusals: [], warnings: [expect.stringContaining("node is offline")] });
  });
});

describe("an id that is free (A9)", () => {
  const free: Occupant = { kind: "nobody" };

  test("without archives: go on", () => {
    expect(judge(environment, factsOf(free, { kind: "known", count: 0 })).refusals).toEqual([]);
  });

  test("with archives: refused, with the line that restores it", () => {
    expect(judge(environment, factsOf(free, { kind: "known", count: 3, newest })).refusals).toEqual([
      "Unable to create guest web (101): storage backup holds 3 archives of it, the newest of 2026-11-20 01:00 UTC; " +
        "backups of an empty guest would push them out\n" +
        "HINT: lifeboat restore guest web\n      or, to begin anew, write `fresh: true` in its settings",
    ]);
  });

  test("with archives and fresh: true: go on", () => {
    const guest = containerOf({ fresh: true });
    const facts = {
      guests: [{ guest, occupant: free, archives: { kind: "known" as const, count: 3 } }],
      missingAdopted: [],
    };
    expect(judge(environment, facts).refusals).toEqual([]);
  });

  test("whose archives the token may not see: an empty list proves nothing", () => {
    const { refusals } = judge(environment, factsOf(free, { kind: "unseen", missing: ["VM.Backup on /vms/101"] }));
    expect(refusals[0]).toMatch(/cannot be seen\nHINT: grant the token VM\.Backup on \/vms\/101/);
  });

  test("on a declared storage that is not there yet: go on, and ask again when it is", () => {
    const facts = factsOf(free, { kind: "no-storage" });
    expect(judge(environment, facts).refusals).toEqual([]);
    const later = factsOf(free, { kind: "known", count: 1, newest });
    expect(judgeArchives(environment, later.guests).refusals[0]).toMatch(
      /holds an archive of it, of 2026-11-20 01:00 UTC/,
    );
  });

  test("on an adopted storage that is not there: refused once, however many guests", () => {
    const settings = { ...exampleSettings(), backup: { storage: { id: "backup", adopt: true } } };
    const entry = { guest: containerOf(), occupant: free, archives: { kind: "no-storage" as const } };
    const { refusals } = judge(environmentOf(settings), { guests: [entry, entry], missingAdopted: [] });
    expect(refusals).toEqual([expect.stringMatching(/Unable to use storage backup: it is not on pve-prod/)]);
  });
});

describe("the whole site", () => {
  test("all refusals are told at once, in the order of the guests", () => {
    const settings = { ...exampleSettings(), guests: { a: exampleContainer() } };
    const facts = factsOf(containerWith(""));
    const both = {
      ...facts,
      guests: [...facts.guests, { guest: containerOf(), occupant: { kind: "unseen" as const } }],
    };
    expect(judge(environmentOf(settings), both).refusals).toHaveLength(2);
  });

  test("an adopted guest that is gone is a warning", () => {
    expect(judge(environment, factsOf(ours, undefined, { missingAdopted: [140] })).warnings).toEqual([
      "Adopted guest 140 is not there; the job will fail over it.",
    ]);
  });

  test("a job that was deleted by hand is a warning with the way out (trap 8: refresh and destroy fail over it)", () => {
    const { warnings } = judge(environment, factsOf(ours, undefined, { jobExists: false }));
    expect(warnings[0]).toMatch(
      /nothing backs them up\.\nHINT: .*pulumi state delete 'urn:pulumi:prod::lifeboat::.*backup-job'/,
    );
    expect(judge(environment, factsOf(ours, undefined, { jobExists: true })).warnings).toEqual([]);
    for (const occupant of [{ kind: "nobody" as const }, containerWith("made by hand")]) {
      expect(judge(environment, factsOf(occupant, undefined, { jobExists: false })).warnings).toEqual([]);
    }
    expect(judge(environment, factsOf(ours)).warnings).toEqual([]);
  });
});

function verdictOn(guest: ContainerGuest, occupant: Occupant, other: Partial<SiteFacts> = {}) {
  const facts: SiteFacts = { guests: [{ guest, occupant }], missingAdopted: [], ...other };
  return { ...judge(environment, facts), reboots: rebootsIn(environment, facts) };
}

describe("a change that would replace or reboot a guest (A11)", () => {
  const changed = containerOf({ unprivileged: false, memory: "1GiB" });

  test("our guest: refused, and its reboot named [A11]", () => {
    const { refusals, reboots } = verdictOn(changed, ours);
    expect(refusals).toEqual([
      "Unable to update guest web (101): a change would replace it with an empty one\n" +
        "  it is unprivileged, and the settings say `unprivileged: false`\n" +
        "  HINT: write `unprivileged: true`: the files of its disks belong to other users otherwise",
    ]);
    expect(reboots).toEqual([{ guest: "web", id: 101, reasons: ["memory from 512MiB to 1GiB"] }]);
  });

  test("somebody else's guest: another refusal says it all [A11, A14]", () => {
    const { refusals, reboots } = verdictOn(changed, containerWith("made by hand"));
    expect(refusals).toEqual([expect.stringContaining("was not made by Lifeboat")]);
    expect(reboots).toEqual([]);
  });

  test("another id: the guest under the old one would be deleted [A11]", () => {
    const stray = { guest: "web", id: 111, node: "pve-prod" };
    const { refusals } = verdictOn(containerOf(), { kind: "nobody" }, { strays: [stray] });
    expect(refusals).toEqual([
      "Unable to change the id of guest web from 111 to 101: 111 on pve-prod would be deleted, and 101 would be empty\n" +
        "HINT: write `id: 111`; a copy of it under another id comes from a backup: lifeboat restore guest web --target-id 101",
    ]);
    expect(verdictOn(containerOf(), ours, { strays: [stray] }).refusals).toEqual([]);
    const lost = judge(environment, { ...factsOf({ kind: "nobody" }, { kind: "known", count: 3 }), strays: [stray] });
    expect(lost.refusals).toEqual([expect.stringContaining("HINT: lifeboat restore guest web")]);
    const other = { ...stray, guest: "gone" };
    expect(verdictOn(containerOf(), { kind: "nobody" }, { strays: [other] }).refusals).toEqual([]);
  });
});
