import { formatRetention } from "../../../proxmox/rules/retention";
import { dumpsOfGuest } from "../../../site/offsite/places";
import type { BackupStorageSettings, Environment, Guest } from "../../../site/settings/environment";
import { checkpointStem } from "../../../site/state/state-keys";
import { bucketOf } from "../../../site/state-store/names";
import type { SiteStore } from "../../project/state-store";
import { shellQuote } from "../../machine/shell-quote";

/** The line that makes a backup storage known to a node again; nothing on it is touched. */
export function storageByHand(storage: BackupStorageSettings): string[] {
  const id = shellQuote(storage.id);
  switch (storage.type) {
    case "adopted":
      return [`pvesm status --storage ${id}     # made by somebody: the settings do not say how`];
    case "dir": {
      const shared = storage.shared ? " --shared 1" : "";
      return [`pvesm add dir ${id} --path ${shellQuote(storage.path)} --content backup${shared}`];
    }
    case "nfs": {
      const options = storage.options === undefined ? "" : ` --options ${shellQuote(storage.options)}`;
      return [
        `pvesm add nfs ${id} --server ${shellQuote(storage.server)} --export ${shellQuote(storage.export)} --content backup${options}`,
      ];
    }
    case "pbs": {
      const extra = [
        ...(storage.fingerprint === undefined ? [] : [`--fingerprint ${shellQuote(storage.fingerprint)}`]),
        ...(storage.namespace === undefined ? [] : [`--namespace ${shellQuote(storage.namespace)}`]),
        ...(storage.encryptionKey === undefined ? [] : ["--encryption-key KEYFILE"]),
      ];
      return [
        `pvesm add pbs ${id} --server ${shellQuote(storage.server)} --datastore ${shellQuote(storage.datastore)} --username ${shellQuote(storage.username)} --password ${extra.join(" ")}`.trimEnd(),
      ];
    }
  }
}

/** The line that makes the backup job again. */
export function jobByHand({ backup, guests }: Environment): string {
  const ids = guests.filter(({ optOut }) => optOut === undefined).map(({ id }) => String(id));
  const compress = backup.compress === "none" ? "0" : backup.compress;
  return [
    `pvesh create /cluster/backup --id ${shellQuote(backup.jobId)} --schedule ${shellQuote(backup.schedule)}`,
    `--storage ${shellQuote(backup.storage.id)} --vmid ${ids.join(",")} --mode ${backup.mode} --compress ${compress}`,
    `--prune-backups ${formatRetention(backup.keep)} --enabled ${backup.enabled ? "1" : "0"}`,
  ].join(" ");
}

/** Where the state of a stack lies in the site's store, and what takes it out of there without Lifeboat. */
export function stateByHand(project: string, name: string, store: SiteStore): string[] {
  const key = `${checkpointStem({ project, stack: name })}.json`;
  const place = shellQuote(`s3://${bucketOf(store.store, name)}/${key}`);
  return [
    `aws --endpoint-url ${shellQuote(store.endpoint)} s3 ls ${place}     # also ….json.gz`,
    `aws --endpoint-url ${shellQuote(store.endpoint)} s3 cp ${place} ${shellQuote(`${name}.json`)}`,
  ];
}

/** Newest dump of a source by hand, as root in its guest. */
export function dataByHand(guest: Guest): string[] {
  return guest.data.flatMap(({ name, kind, folder, recipients }) => {
    const open = recipients.length === 0 ? "" : "age -d -i IDENTITY | ";
    const from = recipients.length === 0 ? "zstd -dc item-1.*" : `cat item-1.* | ${open}zstd -dc`;
    const into = {
      postgres: `runuser -u postgres -- pg_restore --dbname=${shellQuote(`${name}_before`)}`,
      mariadb: `PATH=$PATH:/usr/local/lib/lifeboat/data lifeboat-data load ${shellQuote(name)} database ${shellQuote(`${name}_before`)}`,
      files: "tar -x -C FOLDER",
      command: "…     # the source's own 'restore' takes it on standard input",
    }[kind];
    return [
      // As names of dumps are: another source's may begin with this one's.
      `cd "$(ls -d ${shellQuote(folder)}/*/${kind}/${name}-[0-9][0-9][0-9][0-9][0-9][0-9]Z | sort | tail -1)" && sha256sum --check SHA256SUMS && cat manifest.json`,
      `${from} | ${into}`,
    ];
  });
}

/** What lists the copies of a guest's dumps in the bucket elsewhere. */
export function copiesByHand({ name, offsite, guests }: Environment): string[] {
  if (offsite === undefined) return [];
  const withData = guests.filter(({ data }) => data.length > 0);
  return withData.map((guest) => {
    const folder = `s3://${offsite.bucket}/${dumpsOfGuest(name, guest.name)}/`;
    return `aws --endpoint-url ${shellQuote(offsite.endpoint)} --region ${shellQuote(offsite.region)} s3 ls --recursive ${shellQuote(folder)}`;
  });
}
