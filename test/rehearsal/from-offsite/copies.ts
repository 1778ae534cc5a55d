import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { offsiteGuestPlaces as offsite } from "../../../site/data/offsite-places";
import { pointInTimePlaces } from "../../../site/data/point-in-time/places";
import { timed } from "../../support/timed";
import { expectExit } from "../support/demo-site";
import { changeSettings } from "../support/store-settings";
import { UnpackedKit, type Variables } from "../support/unpacked-kit";
import { archiveElsewhere, otherFolder } from "./archived-wal";
import { type FarSite, guestAddress } from "./far-site";

const pointsSchema = z.object({
  points: z.array(
    z.object({ id: z.string(), source: z.string(), update: z.object({ message: z.string() }).nullable() }),
  ),
});

const upAgain = "pulumi up --yes --refresh --skip-preview -s prod";

/** What another S3 service has, the break-glass file, the passphrase, the age identity and the key that reads are enough. */
export function copiesElsewhere(far: FarSite): void {
  const { files, inGuest, lifeboat, parent, postgres, project, reader, service, settings, site, storeAddress } = far;
  let before: Awaited<ReturnType<typeof points>>;
  /** The guest's archive there. */
  let archive: string;
  /** The last transaction that counts of those that were written after that archive was made. */
  let transaction: string;
  let kit: UnpackedKit;

  async function points(run = lifeboat) {
    const listed = await run("restore", "state", "prod", "--list", "--json");
    return pointsSchema.parse(JSON.parse(expectExit(listed, [0], "--list").stdout)).points;
  }

  async function update(tag: string): Promise<void> {
    changeSettings(settings, [[["config", "lifeboat:guests", "db", "tags"], [tag]]]);
    expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview", "-m", tag), [0], `pulumi up (${tag})`);
  }

  test("are made of dumps and states by the site itself, as it was declared [J1, J2]", async () => {
    await postgres("CREATE DATABASE shop;");
    await postgres("CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 50000);", "shop");
    await inGuest("mkdir -p /etc/app && echo port=8080 > /etc/app/app.conf");
    await archiveElsewhere(far);
    await postgres("CREATE DATABASE ledger;");
    await postgres("CREATE TABLE marks (number int); INSERT INTO marks SELECT generate_series(1, 1000);", "ledger");
    expectExit(await lifeboat("backup", "data", "db"), [0], "the dumps");
    // The run of a source is followed by its copies; what a command has dumped is copied by the timer's next run.
    await inGuest("systemctl start lifeboat-offsite.service");
    archive = await copyTheArchive();
    await postgres("INSERT INTO marks SELECT generate_series(1001, 5000);", "ledger");
    transaction = await postgres("INSERT INTO marks VALUES (5001) RETURNING txid_current();", "ledger");
    await postgres("DROP TABLE marks;", "ledger");
    await inGuest(`${pointInTimePlaces.program} flush shop`);
    await update("older");
    await update("newest");
    before = await points();
    const copy = await site.ssh(storeAddress, "systemctl start lifeboat-offsite-copy.service");
    expectExit(copy, [0], "the copy of the states");
    const { stdout } = expectExit(await lifeboat("data", "db", "--from", "offsite", "--json"), [0], "the copies");
    expect(JSON.parse(stdout)).toMatchObject({
      copies: [
        { source: "config", dumps: [{ encrypted: true }] },
        { source: "shop", dumps: [{ encrypted: true }] },
      ],
    });
  });

  test("bring everything back where the store, the backups and this machine are gone, with nothing but the break-glass file: states, and the data into a guest that is made anew, opened with the identity on this machine; where a guest's archive lies there, nothing is made in its place unasked [J3, F1, I6, I9, H4, A9]", async () => {
    kit = await UnpackedKit.write(site, parent);
    for (const guest of ["prod/db", "monitoring/store"]) {
      expectExit(await site.byHand("destroy", guest.split("/")[1] ?? ""), [0], `destroying ${guest}`);
    }
    for (const node of ["pve-prod", "pve-mon"]) {
      rmSync(dumps(node), { recursive: true, force: true });
      mkdirSync(dumps(node));
    }
    // This machine, too: neither the repository nor what was known here is asked from now on.
    for (const home of ["data-home", "state-home"]) rmSync(join(site.folder, home), { recursive: true, force: true });
    rmSync(project, { recursive: true });
    mkdirSync(project);
    const pulumi = await kit.besidePulumi();
    await timed("L9", "everything lost but the copies elsewhere, from the first command to the data", async () => {
      await bringStatesBack(kit, pulumi);
      await bringDataBack(kit, pulumi, archive);
    });
  });

  test("bring a guest back whole from its archive there, onto a storage that has none, with nothing but the key that reads [D2, J2, J3]", async () => {
    await postgres("DROP DATABASE shop;");
    await inGuest("rm -r /etc/app");
    const far = { LIFEBOAT_OFFSITE_READER_FILE: files.reader };
    const words = ["restore", "guest", "db", "--from", "offsite", "--force", "--stop", "--accept-loss"];
    const restored = await timed("L1", "a guest from its archive in another S3 service", () =>
      kit.lifeboat(far, ...words),
    );
    expect(expectExit(restored, [0], "the restore").stdout).toContain(archive);
    expect(await postgres("SELECT count(*), min(id), max(id) FROM orders", "shop")).toBe("50000|1|50000");
    expect(await inGuest("cat /etc/app/app.conf")).toBe("port=8080");
  });

  test("bring its cluster to a transaction after that archive, by the WAL in the other service: with nothing but the settings and the passphrase [I7, J3]", async () => {
    changeSettings(kit.settingsFile("prod"), [[otherFolder, undefined]]);
    expect(await postgres("SELECT count(*), max(number) FROM marks", "ledger")).toBe("1000|1000");
    const words = ["restore", "point-in-time", "db", "shop", "--xid", transaction, "--force", "--whole-cluster"];
    const recovered = await timed("L8", "a cluster back to a transaction, from another S3 service", () =>
      kit.lifeboat({}, ...words),
    );
    expectExit(recovered, [0], "the recovery");
    expect(await postgres("SELECT count(*), max(number) FROM marks", "ledger")).toBe("5001|5001");
  });

  /** The newest of each stack, and an older one of prod. */
  async function bringStatesBack(kit: UnpackedKit, pulumi: Variables): Promise<void> {
    const lifeboat = (...words: string[]) => kit.lifeboat(pulumi, ...words);
    const rebuilt = await timed("L3", "rebuilding the state store from the copy offsite", () =>
      lifeboat("rebuild", "state-store", "--from", "offsite", "--force"),
    );
    // 3: a preview of prod says that its guest is not there, which is what comes next.
    expectExit(rebuilt, [0, 3], "the rebuild");
    expect((await points(lifeboat)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const older = before.find(({ update: of }) => of?.message === "older");
    expectExit(await lifeboat("restore", "state", "prod", "--to", older?.id ?? "", "--force"), [0], "an older state");
  }

  const dumps = (node: string): string => join(site.folder, "server", "nodes", node, "root", "mnt", "backup", "dump");

  /**
   * The newest archive of the guest goes elsewhere, by the key that copies its dumps: nodes of a sandbox have no systemd, whose timer would
   * do it (`data/offsite-archives`). @returns its name
   */
  async function copyTheArchive(): Promise<string> {
    expectExit(await lifeboat("backup", "db"), [0], "the backup");
    const [name = ""] = readdirSync(dumps("pve-prod"))
      .filter((file) => /^vzdump-lxc-102-.*\.tar\.zst$/u.test(file))
      .toSorted()
      .slice(-1);
    const send = site.sshWords(guestAddress, `mkdir -p /root/far && cat >/root/far/${name}`);
    const file = join(dumps("pve-prod"), name);
    expectExit(await site.inside("sh", "-c", 'file=$1; shift; exec "$@" <"$file"', "sh", file, ...send), [0], name);
    await inGuest(`cd /root/far && sha256sum ${name} >SHA256SUMS
    export SSL_CERT_DIR=${offsite.trust}:/etc/ssl/certs
    rclone --config ${offsite.configuration} copy . offsite:far-away/archives/prod/db/${name}
    cd / && rm -r /root/far`);
    return name;
  }

  async function bringDataBack(kit: UnpackedKit, pulumi: Variables, archive: string): Promise<void> {
    const { exitCode, stdout, stderr } = await kit.shell(pulumi, "prod", upAgain);
    expect(`${stdout}${stderr}`).toContain(`s3://far-away at ${service} holds an archive of it ${archive}`);
    expect(exitCode).not.toBe(0);
    // That one would be restored in its place; here the data alone are wanted, in a guest that begins anew.
    // Its cluster is another one than that of which WAL lies there: it archives into a folder of its own.
    changeSettings(kit.settingsFile("prod"), [[otherFolder, "prod/db-anew"]]);
    expectExit(await kit.shell({ ...pulumi, LIFEBOAT_FRESH: "db" }, "prod", upAgain), [0], "pulumi up");
    // Nothing but the key that reads: not even the secret of the settings.
    const far = { LIFEBOAT_OFFSITE_READER_FILE: files.reader, LIFEBOAT_AGE_IDENTITY_FILE: files.identity };
    const database = ["restore", "database", "db", "shop", "--from", "offsite", "--force"];
    expectExit(await kit.lifeboat(far, ...database), [0], "the database");
    const config = ["restore", "files", "db", "config", "--from", "offsite", "--force"];
    expectExit(await kit.lifeboat(far, ...config), [0], "the files");
    expect(await postgres("SELECT count(*), min(id), max(id) FROM orders", "shop")).toBe("50000|1|50000");
    expect(await inGuest("cat /etc/app/app.conf")).toBe("port=8080");
    expect(await inGuest("grep -rl AGE-SECRET-KEY /etc /root /var /run 2>/dev/null || :")).toBe("");
    expect(kit.settings("prod")).not.toContain(reader.secretKey);
  }
}
