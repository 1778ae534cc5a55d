import type { NeededPrivilege } from "../../../../proxmox/rules/privileges";
import { markOf } from "../../../../site/mark";
import type { ArchivesOfId, Occupant, Run, SiteFacts } from "../../../../site/preflight/facts";
import { judge, judgeArchives, rebootsIn } from "../../../../site/preflight/judge";
import { judgeUnasked } from "../../../../site/preflight/judge-unknown";
import type { ContainerGuest, Environment } from "../../../../site/settings/environment";
import {
  containerOf,
  environmentOf,
  exampleContainer,
  exampleSettings,
  liveConfiguration,
} from "../../../support/example-environment";

const environment = environmentOf(exampleSettings());
const update: Run = { preview: false, today: "2026-11-21" };
const preview: Run = { ...update, preview: true };

/** The verdict on an update. */
function judged(used: Environment, facts: SiteFacts) {
  return judge(used, facts, update);
}

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
    expect(judged(environment, factsOf(ours))).toEqual({ refusals: [], warnings: [] });
  });

  test("by a guest without a mark: refused, with adopt and a free id", () => {
    expect(judged(environment, factsOf(containerWith("made by hand"))).refusals).toEqual([
      "Unable to create guest web: container 101 (shop) is on pve-prod and was not made by Lifeboat\n" +
        "HINT: to back it up without owning it, write `web: { adopt: 101 }`; otherwise give it another id, such as 105, which is free",
    ]);
  });

  test("without an id to offer", () => {
    const { refusals } = judged(environment, { ...factsOf(containerWith("")), freeId: undefined });
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
    const { refusals } = judged(environment, factsOf(occupant));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatch(text);
  });

  test("by this environment's guest of another name: a rename would make Pulumi delete it", () => {
    const { refusals } = judged(environment, factsOf(containerWith(markOf({ environment: "prod", guest: "shop" }))));
    expect(refusals[0]).toMatch(/guest shop of this environment; Pulumi would delete it\nHINT: keep shop as its key/);
  });

  test("by this environment's guest on another node: the provider would take it for a new one", () => {
    const moved = containerWith(markOf({ environment: "prod", guest: "web" }), "pve2");
    expect(judged(environment, factsOf(moved)).refusals[0]).toMatch(/is on pve2, and the settings say pve-prod/);
  });
});

describe("what cannot be asked (A15)", () => {
  const accepted = { hazard: "unchecked", guest: "web", reason: "new cluster", owner: "ops", until: "2026-11-30" };
  const accepting = environmentOf({ ...exampleSettings(), acknowledge: [accepted] });
  const hint =
    'HINT: once it can be asked: eval "$(lifeboat env prod)" && pulumi up -s prod; or, if you know that neither is there, accept it with ' +
    "`- { hazard: unchecked, guest: web, reason: WHY, owner: WHO, until: DAY }` in lifeboat:acknowledge";

  describe.each<[string, SiteFacts, string]>([
    [
      "an id",
      factsOf({ kind: "unknown", reason: "node is offline" }),
      "hether id 101 of guest web is free could not be found out: node is offline",
    ],
    [
      "the archives of an id",
      factsOf({ kind: "nobody" }, { kind: "unknown", reason: "storage hangs" }),
      "hether storage backup holds archives of guest web (101) could not be found out: storage hangs",
    ],
  ])("%s", (_what, facts, text) => {
    test("an update is refused, and a preview warns [A15]", () => {
      expect(judge(environment, facts, update)).toEqual({
        refusals: [`Unable to deploy prod: w${text}\n${hint}`],
        warnings: [],
      });
      expect(judge(environment, facts, preview)).toEqual({
        refusals: [],
        warnings: [`W${text}; an update is refused meanwhile`],
      });
    });

    test("somebody has accepted it for this guest, until a day [A15]", () => {
      expect(judge(accepting, facts, update)).toEqual({
        refusals: [],
        warnings: [`W${text}; lifeboat:acknowledge accepts that`],
      });
      expect(judge(accepting, facts, { ...update, today: "2026-12-01" }).refusals).toHaveLength(1);
    });
  });

  test("the whole node: an update names every guest that nobody has accepted it for [A15]", () => {
    expect(judgeUnasked(environment, "no route", update).refusals).toEqual([
      "Unable to deploy prod: whether the ids of its guests are free, and whether there are archives of them, cannot be asked: no route\n" +
        'HINT: once the node answers: eval "$(lifeboat env prod)" && pulumi up -s prod; or, if you know that neither is there, accept it with ' +
        "`- { hazard: unchecked, guest: web, reason: WHY, owner: WHO, until: DAY }` in lifeboat:acknowledge",
    ]);
    expect(judgeUnasked(environment, "no route", preview).refusals).toEqual([]);
    expect(judgeUnasked(accepting, "no route", update).refusals).toEqual([]);
  });

  test("it is accepted by name only: an entry for every guest is none [A15]", () => {
    const { guest: _guest, ...forAll } = accepted;
    expect(() => environmentOf({ ...exampleSettings(), acknowledge: [forAll] })).toThrow(
      "'unchecked' is accepted for one guest only",
    );
  });
});

describe("an id that is free (A9)", () => {
  const free: Occupant = { kind: "nobody" };

  test("without archives: go on", () => {
    expect(judged(environment, factsOf(free, { kind: "known", count: 0 })).refusals).toEqual([]);
  });

  test("with archives: refused, with the line that restores it", () => {
    expect(judged(environment, factsOf(free, { kind: "known", count: 3, newest })).refusals).toEqual([
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
    expect(judged(environment, facts).refusals).toEqual([]);
  });

  test("whose archives the token may not see: an empty list proves nothing", () => {
    const { refusals } = judged(environment, factsOf(free, { kind: "unseen", missing: ["VM.Backup on /vms/101"] }));
    expect(refusals[0]).toMatch(/cannot be seen\nHINT: grant the token VM\.Backup on \/vms\/101/);
  });

  test("on a declared storage that is not there yet: go on, and ask again when it is", () => {
    const facts = factsOf(free, { kind: "no-storage" });
    expect(judged(environment, facts).refusals).toEqual([]);
    const later = factsOf(free, { kind: "known", count: 1, newest });
    expect(judgeArchives(environment, later.guests, update).refusals[0]).toMatch(
      /holds an archive of it, of 2026-11-20 01:00 UTC/,
    );
  });

  test("on an adopted storage that is not there: refused once, however many guests", () => {
    const settings = { ...exampleSettings(), backup: { storage: { id: "backup", adopt: true } } };
    const entry = { guest: containerOf(), occupant: free, archives: { kind: "no-storage" as const } };
    const { refusals } = judged(environmentOf(settings), { guests: [entry, entry], missingAdopted: [] });
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
    expect(judged(environmentOf(settings), both).refusals).toHaveLength(2);
  });

  test("an adopted guest that is gone is a warning", () => {
    expect(judged(environment, factsOf(ours, undefined, { missingAdopted: [140] })).warnings).toEqual([
      "Adopted guest 140 is not there; the job will fail over it.",
    ]);
  });
});

const job = "urn:pulumi:prod::shop::lifeboat:backups:BackupJob$proxmoxve:backup/job:Job::backup-job";
const storage =
  "urn:pulumi:prod::shop::lifeboat:backups:BackupStorage$proxmoxve:storage/directory:Directory::backup-storage";

/** What is said of our guests' job that is not there. */
function gone(recorded?: readonly string[]) {
  return judged(environment, factsOf(ours, undefined, { jobExists: false, recorded })).warnings;
}

describe("a job that was deleted by hand (trap 8: refresh and destroy fail over it)", () => {
  test("is a warning with the way out, by the name that the state has for it", () => {
    expect(gone([storage, job])).toEqual([
      "Backup job lifeboat-prod is not there although its guests are: nothing backs them up.\n" +
        `HINT: if it was deleted by hand, run \`eval "$(lifeboat env prod)" && pulumi state delete '${job}' -s prod\`, then \`eval "$(lifeboat env prod)" && pulumi up -s prod\``,
    ]);
  });

  test("and is made by this update where the state does not know it", () => {
    expect(gone([storage])).toEqual([]);
  });

  test("no URN is made up where the state could not be read", () => {
    expect(gone()).toEqual([
      expect.stringMatching(
        /HINT: see whether Pulumi knows it: eval "\$\(lifeboat env prod\)" && pulumi stack --show-urns -s prod$/,
      ),
    ]);
  });

  test("nothing is said of one that is there, that is not seen, or that has no guests yet", () => {
    for (const jobExists of [true, undefined]) {
      expect(judged(environment, factsOf(ours, undefined, { jobExists, recorded: [job] })).warnings).toEqual([]);
    }
    for (const occupant of [{ kind: "nobody" as const }, containerWith("made by hand")]) {
      const facts = factsOf(occupant, undefined, { jobExists: false, recorded: [job] });
      expect(judged(environment, facts).warnings).toEqual([]);
    }
  });
});

describe("what is there, and the state does not know it: Proxmox would refuse it half-way [B3, B6]", () => {
  const there = { jobExists: true, storageExists: true };

  test("a job [B3]", () => {
    expect(judged(environment, factsOf(ours, undefined, { ...there, recorded: [storage] })).refusals).toEqual([
      "Unable to deploy prod: backup job lifeboat-prod is there already, and the state of the stack does not know it\n" +
        "HINT: if this stack has made it, remove it on a node and let the update make it anew: pvesh delete /cluster/backup/lifeboat-prod; " +
        "otherwise choose another id: lifeboat:backup.job",
    ]);
  });

  test("a storage that the settings declare [B3]", () => {
    expect(judged(environment, factsOf(ours, undefined, { ...there, recorded: [job] })).refusals).toEqual([
      expect.stringMatching(
        /storage backup is there already, and the state of the stack does not know it\nHINT: .*storage: \{ id: backup, adopt: true \}.*pvesm remove backup$/,
      ),
    ]);
    const adopting = environmentOf({ ...exampleSettings(), backup: { storage: { id: "backup", adopt: true } } });
    expect(judged(adopting, factsOf(ours, undefined, { ...there, recorded: [job] })).refusals).toEqual([]);
  });

  test("a job, and the state is empty: it was lost, and there are better ways than to begin anew [B3]", () => {
    const { refusals } = judged(environment, factsOf(ours, undefined, { ...there, recorded: [] }));
    expect(refusals).toEqual([
      "Unable to deploy prod: backup job lifeboat-prod is there already, and the state of the stack is empty\n" +
        "HINT: if the state was lost, bring it back (lifeboat restore state prod --list) or take in what is there " +
        "(lifeboat state import-file prod); if the job is somebody else's, choose another id: lifeboat:backup.job",
    ]);
  });

  test("a storage that was there before the first update: only that is said", () => {
    const first = factsOf({ kind: "nobody" }, undefined, { jobExists: false, storageExists: true, recorded: [] });
    expect(judged(environment, first).refusals).toEqual([expect.stringContaining("storage backup is there already")]);
  });

  test("nothing where the state knows both", () => {
    expect(judged(environment, factsOf(ours, undefined, { ...there, recorded: [job, storage] })).refusals).toEqual([]);
  });

  test("the state cannot be read: an update is refused, a preview warns; by name it is accepted [A15, B3]", () => {
    const facts = factsOf(ours, undefined, { ...there, recordedUnread: "unknown function" });
    const text =
      "hether the state of the stack knows storage backup and backup job lifeboat-prod, which are there already, could not be found out: unknown function";
    expect(judge(environment, facts, update).refusals).toEqual([
      `Unable to deploy prod: w${text}\n` +
        'HINT: once it can be asked: eval "$(lifeboat env prod)" && pulumi up -s prod; or, if you know that it does, accept it with ' +
        "`- { hazard: unchecked, guest: web, reason: WHY, owner: WHO, until: DAY }` in lifeboat:acknowledge",
    ]);
    const warned = `W${text}; an update is refused meanwhile`;
    expect(judge(environment, facts, preview)).toEqual({ refusals: [], warnings: [warned] });
    const entry = { hazard: "unchecked", guest: "web", reason: "new Pulumi", owner: "ops", until: "2026-11-30" };
    const accepting = { ...exampleSettings(), acknowledge: [entry] };
    expect(judge(environmentOf(accepting), facts, update).refusals).toEqual([]);
    const two = { ...accepting, guests: { web: exampleContainer(), old: { adopt: 140 } } };
    expect(judge(environmentOf(two), facts, update).refusals).toEqual([expect.stringContaining("guest: old")]);
  });

  test("the state cannot be read, and nothing is there that it could not know: go on", () => {
    const none = { jobExists: false, storageExists: false, recordedUnread: "unknown function" };
    expect(judged(environment, factsOf({ kind: "nobody" }, undefined, none)).refusals).toEqual([]);
  });

  test("whether there is a job cannot be seen: an update is refused, a preview warns [A15, B3]", () => {
    const facts = factsOf(ours, undefined, { jobUnread: "the token may not read jobs" });
    const text =
      "hether there is a backup job lifeboat-prod already could not be found out: the token may not read jobs";
    expect(judge(environment, facts, update).refusals).toEqual([expect.stringContaining(`w${text}\nHINT: once`)]);
    expect(judge(environment, facts, preview).warnings).toEqual([`W${text}; an update is refused meanwhile`]);
  });
});

describe("what Proxmox would not allow half-way [K6]", () => {
  const lacking: NeededPrivilege = {
    privilege: "Datastore.Allocate",
    path: "/storage/backup",
    features: ["backup", "deploy"],
    reason: "writes a job",
  };
  const rights = { missing: [lacking], onlyLooks: false };
  const line = "  Datastore.Allocate on /storage/backup is missing (backup, deploy: it writes a job)\n";
  const hint = "HINT: lifeboat doctor prod --print-setup prints the lines that give it";

  test("a missing privilege: an update is refused, a preview warns, with doctor's line [K6]", () => {
    const facts = factsOf(ours, undefined, { rights });
    expect(judge(environment, facts, update).refusals).toEqual([
      `Unable to deploy prod: the token may not do all of it\n${line}${hint}`,
    ]);
    expect(judge(environment, facts, preview)).toEqual({
      refusals: [],
      warnings: [`The token may not do all of this, and an update with it is refused:\n${line}${hint}`],
    });
  });

  test("a token that can only look is told nothing in its previews: it is never used for updates [M1]", () => {
    const facts = factsOf(ours, undefined, { rights: { ...rights, onlyLooks: true } });
    expect(judge(environment, facts, preview).warnings).toEqual([]);
    expect(judge(environment, facts, update).refusals).toHaveLength(1);
  });

  test("a pool that is not there is refused, with the line that makes it [K6]", () => {
    expect(judge(environment, factsOf(ours, undefined, { missingPools: ["shop"] }), preview).refusals).toEqual([
      "Unable to deploy prod: there is no pool shop, or the token may not see it\n" +
        "HINT: make it on a node: pveum pool add shop; privileges on it: lifeboat doctor prod --print-setup",
    ]);
  });
});

function verdictOn(guest: ContainerGuest, occupant: Occupant, other: Partial<SiteFacts> = {}) {
  const facts: SiteFacts = { guests: [{ guest, occupant }], missingAdopted: [], ...other };
  return { ...judged(environment, facts), reboots: rebootsIn(environment, facts) };
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
    const lost = judged(environment, { ...factsOf({ kind: "nobody" }, { kind: "known", count: 3 }), strays: [stray] });
    expect(lost.refusals).toEqual([expect.stringContaining("HINT: lifeboat restore guest web")]);
    const unread = { strays: [], unreadStrays: [{ id: 111, node: "pve-prod", reason: "no answer" }] };
    const text = "hether guest 111 on pve-prod is guest web under another id could not be found out: no answer";
    expect(verdictOn(containerOf(), { kind: "nobody" }, unread).refusals).toEqual([
      expect.stringMatching(`w${text}\nHINT: once it can be asked: .* if you know that it is not, accept it`),
    ]);
    expect(judge(environment, factsOf({ kind: "nobody" }, undefined, unread), preview).warnings).toEqual([
      `W${text}; an update is refused meanwhile`,
    ]);
    expect(verdictOn(containerOf(), ours, unread).refusals).toEqual([]);
    const other = { ...stray, guest: "gone" };
    expect(verdictOn(containerOf(), { kind: "nobody" }, { strays: [other] }).refusals).toEqual([]);
  });
});
