import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { typeScript } from "../support/commands";
import { type DemoSite, expectExit } from "../support/demo-site";

/** Addresses of the guests and of the node. */
export const places = { metrics: "192.0.2.131", store: "192.0.2.132", web: "192.0.2.101", node: "192.0.2.11" } as const;

/** What is dumped in `web`. */
export const dumped = "/etc/app";

const node = "pve-prod";
/** Bytes of the storage for backups, which is far larger than what the site's archives need. */
const capacity = 20_000_000_000;

/** Something that goes wrong, what puts it right again, and the alerts that are to be there meanwhile. */
export interface Fault {
  readonly fault: string;
  readonly wreck: () => Promise<unknown> | void;
  readonly mend: () => Promise<unknown> | void;
  readonly alerts: readonly string[];
  /** What samples of the exporter say of it, as PromQL: true from the first one on that shows it. */
  readonly sign: string;
  /** Queries of the dashboards that find something for the first time. Default: none. */
  readonly shows?: readonly string[];
}

/** Queries of the dashboards that find nothing here from the first fault to the last, and why. */
export const neverShown: Readonly<Record<string, string>> = {
  "backup-guest: Disks that are left out A": "no disk has an opt-out",
  "backup-overview: Opt-outs A": "neither has a guest",
  "backup-guest: Share of proof age A": "the settings have no drill",
  "backup-overview: Guests without a proof A": "the settings have no drill",
  "backup-overview: Proofs A": "the settings have no drill",
  "backup-overview: Proofs B": "the settings have no drill",
  "backup-overview: Proofs C": "the settings have no drill",
  "backup-overview: Proofs D": "the settings have no drill",
  "backup-overview: Dumps of data in guests F": "no source is copied elsewhere",
  "backup-overview: Dumps of data in guests G": "no source is copied elsewhere",
  "backup-overview: Guests that do not tell of their dumps, or cannot copy them B": "no source is copied elsewhere",
};

/** What somebody does to the site, by Proxmox's own interface, in its guests and on its storages. */
export class Wrecker {
  constructor(private readonly site: DemoSite) {}

  /** Every guest has a backup, the storage a size, and every state a copy elsewhere: a site after its first night. */
  async prepare(): Promise<void> {
    await this.fault("small-disk", "storage=backup", `bytes=${String(capacity)}`);
    await this.fill();
    await this.in("web", `mkdir ${dumped} && echo port=8080 > ${dumped}/app.conf && ${dump}`);
    // Two: a storage that shows none at all may be one whose disk is not mounted, so that a last one that is deleted is ArchivesUnseen.
    for (let night = 0; night < 2; night += 1) await this.backUp();
    expectExit(await this.site.byHand("run-job", "monitoring"), [0], "the backup of monitoring");
    expectExit(await this.site.inside("lifeboat", "verify", "prod", "--archives"), [0], "the verification");
    // It asks again for what is in an archive's notes after half an hour at the latest, or at once when it starts.
    await this.in("metrics", "systemctl restart lifeboat-exporter");
    await this.in("store", copyStates);
  }

  get faults(): readonly Fault[] {
    return [
      {
        fault: "the job is switched off",
        wreck: () => this.setJob(0),
        mend: () => this.setJob(1),
        alerts: ["BackupJobDisabled prod"],
        sign: 'lifeboat_job_enabled{environment="prod"} == 0',
      },
      {
        fault: "a backup fails",
        wreck: async () => {
          await this.fault("storage-full", "storage=backup", `node=${node}`);
          expectExit(await this.site.byHand("run-job", "prod"), [1], "a backup on a full storage");
        },
        mend: async () => {
          await this.clear("storage-full");
          await this.backUp();
        },
        alerts: ["BackupJobFailed web"],
        sign: 'lifeboat_guest_backup_failed{guest="web"} == 1',
      },
      {
        fault: "a dump in a guest fails",
        wreck: () => this.in("web", `mv ${dumped} ${dumped}.gone; ! ${dump}`),
        mend: () => this.in("web", `mv ${dumped}.gone ${dumped}; sleep 1; ${dump}`),
        alerts: ["DumpFailed web"],
        sign: 'lifeboat_data_source_last_run_success{guest="web"} == 0',
      },
      {
        fault: "every dump of a source is gone",
        wreck: () => this.in("web", `mv ${dumps} ${dumps}.gone; ${report}`),
        mend: () => this.in("web", `mv ${dumps}.gone ${dumps}; ${report}`),
        alerts: ["DumpMissing web"],
        sign: 'lifeboat_data_source_dumps{guest="web"} == 0',
      },
      {
        fault: "a guest does not tell of its dumps",
        wreck: () => this.in("web", "systemctl stop lifeboat-report-answer.socket"),
        mend: () => this.in("web", "systemctl start lifeboat-report-answer.socket"),
        alerts: ["DataUnseen web"],
        sign: 'lifeboat_data_seen{guest="web"} == 0',
        shows: ["backup-overview: Guests that do not tell of their dumps, or cannot copy them A"],
      },
      {
        fault: "the storage fills up",
        wreck: () => {
          writeFileSync(this.stranger, "");
          truncateSync(this.stranger, 0.85 * capacity);
        },
        mend: () => rmSync(this.stranger),
        alerts: ["BackupStorageAlmostFull prod"],
        sign: 'lifeboat_storage_used_bytes{environment="prod"} / lifeboat_storage_size_bytes > 0.8',
      },
      {
        fault: "the newest archive is deleted by hand",
        wreck: () => this.deleteNewest(),
        mend: () => this.backUp(),
        alerts: ["BackupGone web"],
        sign: 'resets(lifeboat_guest_last_backup_timestamp_seconds{guest="web"}[30s]) > 0',
      },
      {
        fault: "an archive is much smaller than the one before",
        wreck: async () => {
          await this.in("web", "rm /srv/data");
          await this.backUp();
        },
        // The next is compared with the small one.
        mend: () => this.backUp(),
        alerts: ["BackupSuddenlySmaller web"],
        sign: 'lifeboat_guest_last_backup_size_bytes{guest="web"} / lifeboat_guest_previous_backup_size_bytes < 0.5',
      },
      {
        fault: "a guest is made by hand",
        wreck: async () => expectExit(await this.site.byHand("make", "prod", "199"), [0], "making a guest by hand"),
        mend: () => this.asRoot("DELETE", `/nodes/${node}/lxc/199`),
        alerts: ["GuestNotCovered by-hand-199"],
        sign: 'lifeboat_guest_not_covered{guest="by-hand-199"} == 1',
        shows: ["backup-overview: Not backed up A"],
      },
      {
        fault: "the exporter loses a privilege",
        wreck: () => this.asRoot("PUT", "/access/acl", ...forbidden),
        mend: () => this.asRoot("PUT", "/access/acl", ...forbidden, "delete=1"),
        alerts: ["PermissionLost prod"],
        sign: 'lifeboat_permission_missing{environment="prod"} == 1',
        shows: ["backup-overview: Privileges that the exporter lacks A"],
      },
      {
        fault: "the exporter is stopped",
        wreck: () => this.in("metrics", "systemctl stop lifeboat-exporter"),
        mend: () => this.in("metrics", "systemctl start lifeboat-exporter"),
        alerts: ["ExporterSilent"],
        sign: 'up{job="lifeboat"} == 0',
      },
      {
        fault: "the node does not answer",
        wreck: () => this.fault("node-unreachable", `node=${node}`),
        mend: () => this.clear("node-unreachable"),
        alerts: ["EnvironmentUnreachable prod"],
        sign: 'lifeboat_environment_up{environment="prod"} == 0',
      },
      {
        fault: "a restore is left half done",
        wreck: async () => {
          await this.fault("task-dies", "type=vzrestore", "at=extracting", "times=1");
          expectExit(await this.restore(), [1], "a restore that dies");
        },
        mend: async () => {
          expectExit(await this.restore(), [0, 3], "the same restore again");
          // A guest that has just come up answers the exporter some seconds later than ping and SSH.
          await this.in("web", `timeout 60 sh -c 'until ${answers}; do sleep 0.2; done'; ${report}`);
        },
        alerts: ["OperationUnfinished web"],
        sign: 'time() - lifeboat_unfinished_operation_timestamp_seconds{guest="web"} > 2',
        shows: ["backup-guest: Half done A", "backup-overview: Half done A"],
      },
      {
        fault: "the copy of a state is too old",
        wreck: () => this.in("store", ageCopy),
        mend: () => this.in("store", copyStates),
        alerts: ["StateCopyTooOld prod"],
        sign: 'time() - lifeboat_state_copy_timestamp_seconds{environment="prod"} > lifeboat_state_copy_max_age_seconds',
      },
    ];
  }

  private get dumps(): string {
    return join(this.site.folder, "server", "nodes", node, "root", "mnt", "backup", "dump");
  }

  /** A file of somebody's on the storage. It takes no room on this machine. */
  private get stranger(): string {
    return join(this.dumps, "disk-of-somebody.raw");
  }

  private async in(guest: "metrics" | "store" | "web", command: string): Promise<void> {
    expectExit(await this.site.ssh(places[guest], command), [0], command);
  }

  /** Twice as much as the system has, which no packer makes smaller. */
  private fill(): Promise<void> {
    return this.in("web", "head -c 200M /dev/urandom > /srv/data");
  }

  private async backUp(): Promise<void> {
    expectExit(await this.site.byHand("run-job", "prod"), [0], "the backup");
  }

  /** One that the exporter has seen: what came and went between two looks nobody knows of. */
  private deleteNewest(): void {
    const stems = readdirSync(this.dumps).flatMap((name) => /^(vzdump-lxc-101-[\d_-]+)\./u.exec(name)?.[1] ?? []);
    const newest = stems.toSorted().at(-1) ?? "";
    for (const name of readdirSync(this.dumps)) if (name.startsWith(newest)) rmSync(join(this.dumps, name));
  }

  private restore() {
    return this.site.inside("lifeboat", "restore", "guest", "web", "--force", "--stop");
  }

  private async setJob(enabled: 0 | 1): Promise<void> {
    await this.asRoot("PUT", "/cluster/backup/lifeboat-prod", `enabled=${String(enabled)}`);
  }

  private async asRoot(...words: string[]): Promise<void> {
    const [method = "", ...rest] = words;
    const program = [process.execPath, ...typeScript("test/rehearsal/support/root-request.ts")];
    const request = [this.site.folder, places.node, method, ...rest];
    expectExit(await this.site.inside(...program, ...request), [0], words.join(" "));
  }

  private async fault(...words: string[]): Promise<void> {
    const [name = "", ...settings] = words;
    expectExit(await this.site.sandbox("fault", name, "on", ...settings), [0], name);
  }

  private async clear(name: string): Promise<void> {
    expectExit(await this.site.sandbox("fault", name, "off"), [0], `the end of ${name}`);
  }
}

/** What timers and services do in the guest, at once. */
const dump = "systemctl start lifeboat-data-config.service";
const report = "systemctl start lifeboat-report.service";
const answers = "systemctl --quiet is-active lifeboat-report-answer.socket";
const dumps = "/var/backups/lifeboat";

const forbidden = ["path=/storage/backup", "users=lifeboat-exporter@pve", "roles=NoAccess"];

/** What the timer does every night. */
const copyStates = "systemctl start lifeboat-offsite-copy.service";

/** As after three nights in which the timer did not run. */
const ageCopy = [
  "set -e",
  "export SSL_CERT_DIR=/etc/lifeboat-offsite-copy/trust",
  'copy() { rclone --config /etc/lifeboat-offsite-copy/rclone.conf --quiet "$@"; }',
  "place=offsite:offsite/prod/lifeboat-copy.json",
  "copy cat $place > /run/marker",
  'sed "s/\\"time\\":\\"[^\\"]*\\"/\\"time\\":\\"$(date -u -d "3 days ago" +%Y-%m-%dT%H:%M:%SZ)\\"/" /run/marker | copy rcat $place',
  "rm /run/marker",
].join("; ");
