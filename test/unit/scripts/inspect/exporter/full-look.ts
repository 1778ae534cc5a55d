import type { EnvironmentLook } from "../../../../../scripts/inspect/exporter/look";
import { KeptLook } from "../../../../../scripts/inspect/exporter/kept-look";
import { type Sample, sample } from "../../../../../scripts/inspect/exporter/sample";
import { samplesOf } from "../../../../../scripts/inspect/exporter/samples";
import { statusOf } from "../../../../../scripts/inspect/status/environment-status";
import type { GuestArchive } from "../../../../../scripts/inspect/status/guest-archives";
import type { EnvironmentFacts } from "../../../../../scripts/inspect/status/read-environment";
import type { LoadedEnvironment } from "../../../../../scripts/project/environment";
import type { DataReport } from "../../../../../site/data/report";
import { parseCalendarEvent } from "../../../../../proxmox/rules/calendar-events";
import { offsiteSettings } from "../../../../support/example-offsite";
import { environmentOf, exampleContainer, exampleSettings } from "../../../../support/example-environment";

/** 2026-11-20 12:00 UTC. */
export const noon = Date.parse("2026-11-20T12:00:00Z") / 1_000;

const settings = environmentOf({
  ...exampleSettings(),
  backup: { storage: { id: "backup", adopt: true }, schedule: "01:00" },
  offsite: offsiteSettings().offsite,
  drill: { bridge: "vmbr9", ids: { from: 900, to: 920 } },
  guests: {
    web: {
      ...exampleContainer(),
      data: { shop: { kind: "postgres", drill: { database: "shop", query: "SELECT 1", expect: 1 } } },
    },
    old: { adopt: 140, backup: { exclude: "leaves soon", owner: "web team", until: "2035-12-31" } },
  },
});

const nothing = (): never => {
  throw new Error("nothing is asked here");
};

const environment: LoadedEnvironment = {
  name: "prod",
  file: "Pulumi.prod.yaml",
  project: { name: "site", folder: "/project", backendUrl: undefined, settingsFolder: "/project" },
  settings,
  holds: nothing,
  secret: nothing,
  encryptionSalt: nothing,
  secretBox: nothing,
  stateStore: nothing,
  hasRootPassword: nothing,
  rootPassword: nothing,
  token: nothing,
  stateKey: nothing,
  offsiteKey: nothing,
  bucketKey: nothing,
  trust: nothing,
  client: nothing,
  rootClient: nothing,
  path: nothing,
};

function archive(hour: string, size: number, more: Partial<GuestArchive> = {}): GuestArchive {
  const time = Date.parse(`2026-11-20T${hour}:00:00Z`) / 1_000;
  const volid = `backup:backup/vzdump-lxc-101-2026_11_20-${hour}_00_00.tar.zst`;
  return { volid, storage: "backup", node: "pve-prod", type: "lxc", size, time, notes: "", ...more };
}

const archives = [
  archive("03", 2_000, { verified: { time: noon - 60, sha256: undefined, damage: undefined } }),
  archive("02", 3_000),
  archive("04", 2_500, { notes: "lifeboat save point 20261120-abc" }),
];

/** A site in which there is something of everything. */
export const facts: EnvironmentFacts = {
  now: noon,
  clockDifference: -1.234,
  timeZone: "UTC",
  event: parseCalendarEvent("01:00"),
  onNode: new Map([[101, { type: "lxc", vmid: 101, node: "pve-prod", status: "stopped", name: "web" }]]),
  archivesOf: (id) => (id === 101 ? archives : []),
  storages: {
    storages: [
      { storage: "backup", node: "pve-prod", shared: true, active: true, used: 800, total: 1_000, usedShare: 0.8 },
    ],
    archives: [],
    unreadable: [],
    bare: [],
  },
  job: { id: "lifeboat-prod", enabled: true, schedule: "01:00" },
  inJob: new Map([
    [
      101,
      [
        { key: "rootfs", volume: "local:101/vm-101-disk-0.raw", included: true },
        { key: "mp0", volume: "local:101/vm-101-disk-1.raw", included: false },
        { key: "mp1", volume: "data:101/vm-101-disk-0.raw", included: false },
      ],
    ],
  ]),
  runs: [
    {
      running: [],
      last: {
        node: "pve-prod",
        upid: "UPID:pve-prod:1",
        started: noon - 3_600,
        seconds: 60,
        result: "job errors",
        succeeded: false,
        failed: [{ id: 101, reason: "CT is locked" }],
        errors: [],
      },
      timed: [{ vmid: 101, archive: "vzdump-lxc-101-2026_11_20-03_00_00.tar.zst", started: 0, seconds: 42 }],
    },
  ],
  hidden: new Map(),
  unseen: new Map(),
  left: [],
  notCovered: [{ id: 777, name: "stranger", type: "lxc", copy: null }],
  ownership: new Map(),
  otherNumbers: new Map(),
  oldDisks: { of: new Map(), unread: [] },
  drills: {
    proofs: new Map([[101, { proof: { proven: true, at: "2026-11-15T04:00:00Z" }, isCertain: true }]]),
    copies: [],
  },
  snapshots: new Map(),
};

const dump = "2026-11-20/postgres/shop-030000Z";
const made = Date.parse("2026-11-20T03:00:00Z") / 1_000;

/** What guest 101 tells of its dumps. */
export const report: DataReport = {
  sources: [
    {
      source: "shop",
      result: "success",
      started: made,
      ended: made + 42,
      message: "",
      isRunning: false,
      dumps: 9,
      newest: { dump, time: made, bytes: 4_000 },
      drill: { dump, time: made + 7_200, isProven: true, why: "" },
    },
  ],
  copies: { succeeded: true, time: made + 600, newest: new Map([["shop", made - 86_400]]) },
};

const journals = { unfinished: [], unreadable: [] };

/** A look that has seen all of it, or what was changed of it. */
export function lookOf(changes: Partial<EnvironmentFacts> = {}): EnvironmentLook {
  const seen = { ...facts, ...changes };
  const time = noon * 1_000;
  return {
    environment,
    facts: seen,
    status: statusOf(environment, seen, [], journals),
    journals,
    state: {
      status: {
        lives: "store",
        place: "s3://lifeboat-state-prod",
        modified: time,
        trouble: undefined,
        damage: undefined,
        objectLock: true,
        copies: [
          {
            kind: "offsite",
            place: "s3://copies",
            time,
            by: "timer",
            duringUpdate: false,
            isOlder: false,
            trouble: undefined,
          },
        ],
      },
      points: { count: 12, unreadable: 1 },
      hasOffsiteKey: true,
    },
    data: new Map([[101, report]]),
    certificates: [{ subject: "node", end: noon + 86_400 }],
    jobGap: 86_400,
    drillGap: 7 * 86_400,
    copyGap: 86_400,
  };
}

/** Every series of a look, with those about the look itself. */
export function allSamples(): Sample[] {
  const kept = new KeptLook("prod");
  kept.lacks([{ path: "/vms", privilege: "VM.Backup" }]);
  kept.count("incomplete");
  kept.saw({ samples: samplesOf(lookOf()), ended: noon, seconds: 1.5 });
  return [
    ...sample("lifeboat_build_info", { version: "0.1.0" }, 1),
    ...sample("lifeboat_look_interval_seconds", { environment: "prod" }, 300),
    ...kept.samples(),
  ];
}
