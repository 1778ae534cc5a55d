import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { createKeyPair } from "../../../site/state-store/keys";
import { sealSettings } from "../../support/sealed-settings";
import { typeScript } from "../support/commands";
import { DemoSite, expectExit } from "../support/demo-site";
import { changeSettings } from "../support/store-settings";

/** A site of two nodes with a database in a guest, a store of its own, and a bucket in another S3 service. */
export class FarSite {
  readonly parent = mkdtempSync(join(tmpdir(), "lifeboat-far-"));
  readonly site = new DemoSite(join(this.parent, "site"), "real", () => undefined);
  readonly project = join(this.site.folder, "project");
  /** File with the settings of the guest's environment. */
  readonly settings = join(this.project, "Pulumi.prod.yaml");
  readonly storeAddress = "192.0.2.132";
  readonly service = "https://192.0.2.30:9000";
  readonly writer = createKeyPair("writer");
  readonly reader = createKeyPair("reader");
  /** Of the bucket for WAL. */
  readonly wal = createKeyPair("wal");
  readonly files = {
    keys: join(this.parent, "keys.json"),
    reader: join(this.parent, "reader.json"),
    identity: join(this.parent, "identity"),
  };

  readonly lifeboat = (...words: string[]) => this.site.inside("lifeboat", ...words);

  readonly inGuest = async (command: string): Promise<string> =>
    expectExit(await this.site.ssh(guestAddress, command), [0], command).stdout.trim();

  readonly postgres = (sql: string, database = "postgres"): Promise<string> =>
    this.inGuest(`runuser -u postgres -- psql -XqAt -d ${database} <<'end'\n${sql}\nend`);

  /** A setting of an environment, in clear. */
  readonly text = async (environment: string, key: string): Promise<string> =>
    expectExit(await this.site.pulumi(environment, "config", "get", key), [0], key).stdout.trim();

  /** The bucket elsewhere, with the keys that write and read, and one for WAL with its own. */
  async makeFarBucket(): Promise<void> {
    const { files, project, reader, service, site, wal, writer } = this;
    writeFileSync(files.keys, JSON.stringify({ writer, reader, wal }), { mode: 0o600 });
    writeFileSync(files.reader, JSON.stringify(reader), { mode: 0o600 });
    const program = [process.execPath, ...typeScript("test/rehearsal/support/offsite-identities.ts")];
    const places = [
      service,
      join(project, "offsite-ca.pem"),
      join(site.folder, "keys", "offsite"),
      "far-away",
      files.keys,
    ];
    expectExit(await site.inside(...program, ...places), [0], "the bucket elsewhere");
  }

  /** Two environments, each with a guest that stays: Proxmox removes a job with its last one. */
  async declare(): Promise<void> {
    const { files, project, reader, service, settings, site, writer } = this;
    const identity = await generateX25519Identity();
    writeFileSync(files.identity, `${identity}\n`, { mode: 0o600 });
    rmSync(join(project, "Pulumi.lab.yaml"));
    const monitoring = join(project, "Pulumi.monitoring.yaml");
    changeSettings(monitoring, [[["config", "lifeboat:monitoring"], undefined]]);
    const guest = ["config", "lifeboat:guests", "db"];
    const data = { shop: { kind: "postgres" }, config: { kind: "files", paths: ["/etc/app"] } };
    changeSettings(settings, [
      [[...guest, "template"], "local:vztmpl/debian-12-databases_amd64.tar.zst"],
      [[...guest, "disks"], undefined],
      [[...guest, "nesting"], true],
      [[...guest, "root"], { storage: "local", size: "16GiB" }],
      [[...guest, "data"], data],
      [["config", "lifeboat:data"], { recipients: [await identityToRecipient(identity)] }],
      [
        ["config", "lifeboat:offsite"],
        { kind: "minio", endpoint: service, bucket: "far-away", ca: "offsite-ca.pem", adopt: true },
      ],
    ]);
    await sealSettings(settings, join(site.folder, "keys", "passphrase"), {
      "lifeboat:offsiteKeys": JSON.stringify({ writer, reader }),
    });
  }
}

/** Address of the guest with the data. */
export const guestAddress = "192.0.2.102";

/** Where its PostgreSQL is declared. */
export const shop = ["config", "lifeboat:guests", "db", "data", "shop"];
