import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveCopiesScript } from "../../../components/offsite/archive-copies-script";
import { installArchiveCopies } from "../../../components/offsite/archive-copies-files";
import { archivesRemovalCommand, offsiteNodePlaces as places } from "../../../site/offsite/node-places";
import { createKeyPair } from "../../../site/state-store/keys";
import { DatabaseGuest, type GuestAnswer } from "../../support/database-guest/database-guest";
import { offsiteOf } from "../../support/example-offsite";
import { firstUseLimit } from "../support/toolchain";
import { GuestMinio } from "./support/guest-minio";

// What copies chosen archives of a node elsewhere, with Debian's rclone, to a real MinIO. Of the node it has a Debian and a folder
// with archives.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-archives-"));
const key = createKeyPair("writer");
const dump = "/mnt/backup/dump";
const fakes = { PATH: "/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

jest.setTimeout(10 * 60_000);

const sumOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const at = (guest: string, name: string): string => `archives/prod/${guest}/${name}`;
const logOf = (one: string): string => one.replace(".tar.zst", ".log");

(process.getuid?.() === 0 ? describe : describe.skip)("archives of a node", () => {
  let node: DatabaseGuest;
  let minio: GuestMinio;

  beforeAll(async () => {
    node = await DatabaseGuest.start({ say: (line) => void process.stderr.write(`${line}\n`) });
    minio = await GuestMinio.start(node, folder, "far-away", key);
    // systemd does not run in this guest.
    await node.must(`install -d /opt/bin; printf '#!/bin/sh\\n' >/opt/bin/systemctl; chmod +x /opt/bin/systemctl`);
    await install(`${dump}`);
  }, firstUseLimit);

  afterAll(async () => {
    await minio?.close();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await node.must(`rm -rf ${dump} ${places.state}; mkdir -p ${dump}`);
    await minio.rclone("delete", "root:far-away");
  });

  async function install(where: string | undefined): Promise<void> {
    const guests = [
      { name: "web", id: 101, choice: "newest" },
      { name: "db", id: 102, choice: "weekly" },
    ] as const;
    const offsite = offsiteOf({ endpoint: GuestMinio.endpoint, bandwidth: "64MiB" });
    const { authority } = minio;
    const copied = { environment: "prod", guests, storage: "backup", folder: where, offsite, writer: key, authority };
    await node.must("sh -s", { input: installArchiveCopies(copied), environment: fakes });
  }

  /** An archive of a time, `2026_11_20-01_00_00`. @returns its name */
  function archive(id: number, time: string, content = `archive of ${time}`, notes?: string): string {
    const name = `vzdump-lxc-${String(id)}-${time}.tar.zst`;
    mkdirSync(node.path(dump), { recursive: true });
    writeFileSync(node.path(`${dump}/${name}`), content);
    writeFileSync(node.path(`${dump}/vzdump-lxc-${String(id)}-${time}.log`), "INFO: ok\n");
    if (notes !== undefined) writeFileSync(node.path(`${dump}/${name}.notes`), notes);
    return name;
  }

  const copies = (): Promise<GuestAnswer> =>
    node.run([places.program, "prod"], {
      environment: { SSL_CERT_DIR: `${places.folder}/prod/trust:/etc/ssl/certs` },
    });
  const status = async (): Promise<unknown> => JSON.parse(await node.must(`cat ${places.state}/prod/status.json`));

  test("the newest is copied whole with its notes and its log, once, and its sums come last [J2]", async () => {
    archive(101, "2026_11_19-01_00_00");
    const name = archive(101, "2026_11_20-01_00_00", "web", "lifeboat: prod/web");
    const weekly = archive(102, "2026_11_20-01_10_00", "db");
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: `${name}: copied\n${weekly}: copied\n` });
    expect(await minio.lies()).toEqual(
      [
        ...["SHA256SUMS", weekly, logOf(weekly)].map((file) => at("db", `${weekly}/${file}`)),
        ...["SHA256SUMS", name, `${name}.notes`, logOf(name)].map((file) => at("web", `${name}/${file}`)),
      ].sort(),
    );
    expect(await minio.rclone("cat", `root:far-away/${at("web", name)}/${name}`)).toBe("web");
    const sums = await minio.rclone("cat", `root:far-away/${at("web", name)}/SHA256SUMS`);
    expect(sums.split("\n")[0]).toBe(`${sumOf("web")}  ${name}`);
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await status()).toMatchObject({ version: 1, result: "success", message: "0 archives copied" });
  });

  test("each newer one follows; of those that go once a week it waits until the last copy is a week old [J2]", async () => {
    archive(101, "2026_11_20-01_00_00");
    archive(102, "2026_11_20-01_00_00");
    expect(await copies()).toMatchObject({ exitCode: 0 });
    const [next] = [archive(101, "2026_11_26-01_00_00"), archive(102, "2026_11_26-01_00_00")];
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: `${next}: copied\n` });
    const [web, db] = [archive(101, "2026_11_27-01_00_00"), archive(102, "2026_11_27-01_00_00")];
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: `${web}: copied\n${db}: copied\n` });
  });

  test("what a restore has saved first, is still written, or has another name is no backup of the schedule [J2]", async () => {
    archive(102, "2026_11_20-01_00_00");
    const name = archive(101, "2026_11_20-01_00_00");
    archive(101, "2026_11_21-12_00_00", "broken", "lifeboat save point 20261121-abc\n");
    await node.must(
      `echo part >${dump}/vzdump-lxc-101-2026_11_22-01_00_00.tar.dat; echo x >${dump}/vzdump-lxc-1015-2026_11_22-01_00_00.tar.zst`,
    );
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`${name}: copied`) });
    expect((await minio.lies()).filter((one) => one.includes("2026_11_2[12]"))).toEqual([]);
  });

  test("a guest without any backup is an error, and so is a folder that is not there; the others are copied [J2]", async () => {
    const name = archive(102, "2026_11_20-01_00_00");
    expect(await copies()).toMatchObject({
      exitCode: 1,
      stdout: `${name}: copied\n`,
      stderr: `web has no backup in ${dump}\n`,
    });
    await node.must(`rm -r ${dump}`);
    expect(await copies()).toMatchObject({
      exitCode: 1,
      stderr: `there is no folder ${dump}: is the storage backup mounted?\n`,
    });
    expect(await status()).toMatchObject({ result: "error" });
    expect(await node.must(`tail -n 1 ${places.logs}/archives-prod.log`)).toMatch(
      / ERROR archives: there is no folder/u,
    );
  });

  test("those that were missed while the service was down are copied when it is back [J2]", async () => {
    const name = archive(101, "2026_11_20-01_00_00");
    archive(102, "2026_11_20-01_00_00");
    await minio.close();
    expect(await copies()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^copies of web cannot be listed: .*refused/u),
    });
    await minio.open();
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`${name}: copied`) });
  });

  test("what lies there under its name is never written over: the copy fails, and says so [J1, J2]", async () => {
    const name = archive(101, "2026_11_20-01_00_00", "mine");
    archive(102, "2026_11_20-01_00_00");
    await node.must("printf other >/tmp/other");
    await minio.rclone("copyto", "/tmp/other", `root:far-away/${at("web", name)}/${name}`);
    const { exitCode, stderr } = await copies();
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${name} cannot be copied: `)]);
    expect(await minio.rclone("cat", `root:far-away/${at("web", name)}/${name}`)).toBe("other");
    expect(await minio.lies()).not.toContain(`${at("web", name)}/SHA256SUMS`);
  });

  test("one that was cut off on its way is finished; until then it is no copy [J2]", async () => {
    const name = archive(101, "2026_11_20-01_00_00", "mine");
    archive(102, "2026_11_20-01_00_00");
    await minio.rclone("copyto", `${dump}/${name}`, `root:far-away/${at("web", name)}/${name}`);
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`${name}: copied`) });
    expect(await minio.lies()).toContain(`${at("web", name)}/SHA256SUMS`);
  });

  test("one that changes while it is copied counts as no copy [J2]", async () => {
    const name = archive(101, "2026_11_20-01_00_00", "before");
    archive(102, "2026_11_20-01_00_00");
    const changing = `#!/bin/sh
/usr/bin/rclone "$@" || exit
case "$*" in *files-from-raw*) printf after! >${dump}/${name} ;; esac
`;
    await node.must("cat >/usr/local/bin/rclone; chmod +x /usr/local/bin/rclone", { input: changing });
    const { exitCode, stderr } = await copies();
    await node.must("rm /usr/local/bin/rclone");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${name} has changed while it was copied`)]);
    expect(await minio.lies()).not.toContain(`${at("web", name)}/SHA256SUMS`);
  });

  test("a run beside another one leaves at once, and the other goes on [J2]", async () => {
    archive(101, "2026_11_20-01_00_00");
    const holding = `setsid sh -c 'flock 9; sleep 5' 9>>${places.state}/prod/lock >/dev/null 2>&1 </dev/null &`;
    await node.must(`mkdir -p ${places.state}/prod; ${holding} sleep 0.5`);
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: "another run is at work\n" });
    expect(await minio.lies()).toEqual([]);
  });

  test("where the storage was there already, Proxmox's settings say where its archives lie [J2]", async () => {
    const name = archive(101, "2026_11_20-01_00_00");
    archive(102, "2026_11_20-01_00_00");
    await install(undefined);
    const other = "dir: local\n\tpath /var/lib/vz\n\tcontent backup\n\n";
    await node.must(`mkdir -p /etc/pve; cat >${places.storages}`, { input: `${other}pbs: backup2\n\tpath /no\n` });
    expect(await copies()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("the storage backup is no folder of this node"),
    });
    await node.must(`cat >${places.storages}`, { input: `${other}dir: backup\n\tpath /mnt/backup\n` });
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`${name}: copied`) });
    await install(dump);
  });

  test("only root reads the key, and it goes with the copies; what was copied stays [J2, N6]", async () => {
    archive(101, "2026_11_20-01_00_00");
    archive(102, "2026_11_20-01_00_00");
    await copies();
    const before = await minio.lies();
    expect(await node.must(`grep -rlF '${key.secretKey}' /etc /usr/local /var`)).toBe(
      `${places.folder}/prod/rclone.conf`,
    );
    expect(await node.must(`stat -c '%a %U' ${places.folder}/prod/rclone.conf`)).toBe("600 root");
    await node.must(archivesRemovalCommand("prod", "root"), { environment: fakes });
    expect((await node.run(["grep", "-rlF", key.secretKey, "/etc", "/usr/local", "/var"])).stdout).toBe("");
    expect(await node.must("ls /etc/systemd/system | grep archives || :")).toBe("");
    expect(await minio.lies()).toEqual(before);
    await install(dump);
  });

  test("what runs is a POSIX shell script, as dash reads it", async () => {
    expect((await node.run(["dash", "-n"], { input: archiveCopiesScript })).exitCode).toBe(0);
  });
});
