import { AdoptedSite } from "../support/adopted-site";
import { alertmanager, prometheus } from "../../support/debian-program";
import { type Alert, AlertWatch } from "./alert-watch";

/**
 * Everything that can go wrong with backups, one after the other, on a site that `lifeboat exporter` watches for a real Prometheus:
 * each time exactly the right alert is at a real Alertmanager and at its receiver, and it clears when that is mended.
 */

const programs = { prometheus: prometheus(), alertmanager: alertmanager() };
const node = "pve-prod";
const hour = 3_600;
const day = 24 * hour;

/** Bytes of the storage, and of each archive. */
const capacity = 1_000_000;
const size = 12_000;

let site: AdoptedSite;
let watch: AlertWatch;

const rightNow = (): number => Math.floor(Date.now() / 1_000);

/** Each guest has its last three nights. The newest is never older than one that was there before: that one would be gone. */
function freshArchives(): void {
  const newest = rightNow();
  for (const id of [101, 102]) {
    site.removeArchives(node, id);
    for (const age of [2 * day, day, 0]) site.putArchive(node, id, newest - age, size);
  }
}

async function names(): Promise<string[]> {
  return (await watch.alerts()).map(nameOf).sort();
}

/** `BackupGone web`; of an environment: `PermissionLost prod`. */
function nameOf({ labels }: Alert): string {
  const { alertname = "", guest, environment = "" } = labels;
  return `${alertname} ${guest ?? environment}`.trim();
}

/** What the receiver was told since the fault began, each once. */
function told(status: Alert["status"]): string[] {
  return [...new Set(watch.heard.filter((one) => one.status === status).map(nameOf))].sort();
}

/** As the job would. */
async function backUpAll(): Promise<void> {
  await site.on(node, async (client) => {
    const upid = await client.post(["nodes", node, "vzdump"], { vmid: "101,102", storage: "backup" });
    await client.tasks.wait(String(upid));
  });
}

async function setJob(change: Record<string, string | number>): Promise<void> {
  await site.on(node, (client) => client.put(["cluster", "backup", "lifeboat-prod"], change));
}

async function setAccess(roles: string, remove: boolean): Promise<void> {
  const root = site.rootClient(node);
  for (const whose of [{ users: "lifeboat@pve" }, { tokens: "lifeboat@pve!lifeboat" }]) {
    await root.put(["access", "acl"], {
      path: "/storage/backup",
      roles,
      ...whose,
      ...(remove ? { delete: true } : {}),
    });
  }
  await root.close();
}

const restore = ["restore", "guest", "web", "--force", "--stop"];

/** A restore whose task died while it wrote: Proxmox takes the half guest away. */
async function leaveHalfRestored(): Promise<void> {
  await backUpAll();
  await site.fault("task-dies", { type: "vzrestore", at: "extracting", times: "1" });
  const { code, stdout } = await site.lifeboat(restore);
  if (code === 0 || code === 3) throw new Error(`The restore did not die: ${stdout}`);
}

interface Row {
  readonly fault: string;
  readonly wreck: () => Promise<unknown> | void;
  readonly mend: () => Promise<unknown> | void;
  readonly alerts: readonly string[];
}

const rows: readonly Row[] = [
  {
    fault: "the job is switched off",
    wreck: () => setJob({ enabled: 0 }),
    mend: () => setJob({ enabled: 1 }),
    alerts: ["BackupJobDisabled prod"],
  },
  {
    fault: "a backup fails",
    wreck: async () => {
      await site.fault("storage-full", { storage: "backup" });
      await backUpAll();
    },
    mend: async () => {
      await site.clearFaults();
      await backUpAll();
    },
    alerts: ["BackupJobFailed db", "BackupJobFailed web"],
  },
  {
    fault: "the storage fills up",
    wreck: () => site.putArchive(node, 102, rightNow() - 5 * day, 750_000),
    mend: freshArchives,
    alerts: ["BackupStorageAlmostFull prod"],
  },
  {
    fault: "an archive is much smaller than the one before",
    wreck: () => site.putArchive(node, 101, rightNow(), size / 4),
    mend: () => site.putArchive(node, 101, rightNow(), size),
    alerts: ["BackupSuddenlySmaller web"],
  },
  {
    fault: "the newest archive is deleted by hand",
    wreck: () => {
      site.removeArchives(node, 102);
      for (const age of [2 * day, 5 * hour]) site.putArchive(node, 102, rightNow() - age, size);
    },
    mend: () => site.putArchive(node, 102, rightNow(), size),
    alerts: ["BackupGone db"],
  },
  {
    fault: "a guest is made by hand",
    wreck: () =>
      site.on(node, async (client) => {
        const upid = await client.post(["nodes", node, "lxc"], {
          vmid: 199,
          hostname: "stray",
          ostemplate: "local:vztmpl/debian-12-standard_amd64.tar.zst",
          rootfs: "local:1",
        });
        await client.tasks.wait(String(upid));
      }),
    mend: () =>
      site.on(node, async (client) => {
        await client.tasks.wait(await client.guests.destroy({ node, type: "lxc", vmid: 199 }));
      }),
    alerts: ["GuestNotCovered stray"],
  },
  {
    fault: "the exporter loses a privilege",
    wreck: () => setAccess("NoAccess", false),
    mend: () => setAccess("NoAccess", true),
    alerts: ["PermissionLost prod"],
  },
  {
    fault: "the exporter is stopped",
    wreck: () => watch.stopExporter(),
    mend: async () => {
      watch.startExporter();
      // A page that comes late while it starts is one more silence, which would be told as ended in the next row.
      await watch.until("it has looked", async () => (await watch.value("lifeboat_environment_up")) === 1);
      await watch.evaluated();
    },
    alerts: ["ExporterSilent"],
  },
  {
    fault: "the node does not answer",
    wreck: () => site.fault("node-unreachable", { node }),
    mend: () => site.clearFaults(),
    alerts: ["EnvironmentUnreachable prod"],
  },
  {
    fault: "a restore is left half done",
    wreck: leaveHalfRestored,
    mend: async () => {
      const { code, stderr } = await site.lifeboat(restore);
      if (code !== 0 && code !== 3) throw new Error(stderr);
    },
    alerts: ["OperationUnfinished web"],
  },
];

const described = programs.prometheus === undefined || programs.alertmanager === undefined ? describe.skip : describe;

described("alerts of a site", () => {
  beforeAll(async () => {
    site = await AdoptedSite.start([
      {
        name: "prod",
        node,
        profile: "prod",
        guests: [
          { id: 101, name: "web" },
          { id: 102, name: "db" },
        ],
        storage: { capacity: String(capacity) },
      },
    ]);
    freshArchives();
    const { prometheus: server = "", alertmanager: manager = [] } = programs;
    // The operators' journals are on their machines: here the exporter sees what the nodes tell.
    const own = { ...site.env, ...site.otherMachine() };
    watch = await AlertWatch.start({ prometheus: [server], alertmanager: manager }, own);
    await watch.until("the site is looked at", async () => (await watch.value("lifeboat_environment_up")) === 1);
  });

  afterAll(async () => {
    await watch?.stop();
    await site?.stop();
  });

  test("nothing is wrong: no alert [C3]", async () => {
    await watch.evaluated();
    expect(await watch.value("count(lifeboat_guest_last_backup_timestamp_seconds)")).toBe(2);
    expect(await names()).toEqual([]);
  });

  test.each(rows)(
    "$fault: exactly the right alert, with name and runbook, and it clears [C2, C3, 002 P5]",
    async (row) => {
      watch.forget();
      await row.wreck();
      await watch.until(row.alerts.join(", "), async () => (await names()).length >= row.alerts.length);
      // Others would come with the next evaluations.
      await watch.evaluated();
      expect(await names()).toEqual(row.alerts);
      for (const { annotations, labels } of await watch.alerts()) {
        const runbook = new RegExp(`docs/runbooks/alerts/${labels["alertname"] ?? ""}\\.md$`, "u");
        expect(annotations["runbook_url"]).toMatch(runbook);
        expect(annotations["summary"]).toContain(labels["guest"] ?? labels["environment"] ?? "exporter");
      }
      await row.mend();
      await watch.until(`${row.fault} is mended`, async () => (await names()).length === 0);
      await watch.until("the receiver was told", () => Promise.resolve(told("resolved").length >= row.alerts.length));
      expect({ firing: told("firing"), resolved: told("resolved") }).toEqual({
        firing: row.alerts,
        resolved: row.alerts,
      });
    },
  );
});
