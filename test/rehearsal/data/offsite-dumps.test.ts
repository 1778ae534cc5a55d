import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { dumpCopiesScript } from "../../../components/offsite/dump-copies-script";
import { installDumpCopies, removeDumpCopies } from "../../../components/offsite/dump-copies-files";
import { removalCommand } from "../../../site/data/entrance";
import { dataProgram } from "../../../site/data/places";
import { offsiteGuestPlaces as places } from "../../../site/data/offsite-places";
import { createKeyPair } from "../../../site/state-store/keys";
import { DatabaseGuest, type GuestAnswer } from "../../support/database-guest/database-guest";
import { offsiteOf } from "../../support/example-offsite";
import { firstUseLimit } from "../support/toolchain";
import { GuestMinio } from "./support/guest-minio";

// What copies a guest's dumps elsewhere, with Debian's rclone, to a real MinIO that listens in the guest's own network.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-copies-"));
const { endpoint } = GuestMinio;
const key = createKeyPair("writer");
const at = "dumps/prod/web";

jest.setTimeout(10 * 60_000);

const whole = (name: string): string[] =>
  ["SHA256SUMS", "item-1.dump.zst", "manifest.json"].map((file) => `${at}/${name}/${file}`);

(process.getuid?.() === 0 ? describe : describe.skip)("dumps of a guest", () => {
  let guest: DatabaseGuest;
  let minio: GuestMinio;
  let script: string;

  beforeAll(async () => {
    guest = await DatabaseGuest.start({ say: (line) => void process.stderr.write(`${line}\n`) });
    minio = await GuestMinio.start(guest, folder, "far-away", key);
    const offsite = offsiteOf({ endpoint, bandwidth: "64MiB" });
    script = installDumpCopies({
      environment: "prod",
      guest: "web",
      sources: ["shop"],
      offsite,
      writer: key,
      authority: minio.authority,
    });
    // systemd does not run in this guest.
    await guest.must(`install -d /opt/bin; printf '#!/bin/sh\\n' >/opt/bin/systemctl; chmod +x /opt/bin/systemctl`);
    const twice = `cat >/root/install; sh /root/install & sh /root/install; code=$?; wait $! && [ "$code" -eq 0 ] && rm /root/install`;
    await guest.must(twice, { input: script, environment: { PATH: "/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin" } });
    await guest.must(
      `install -d ${places.sources}/shop; echo folder=/var/backups/lifeboat >${places.sources}/shop/settings`,
    );
    writeFileSync(guest.path(dataProgram), listing, { mode: 0o755 });
  }, firstUseLimit);

  afterAll(async () => {
    await minio?.close();
    await guest?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await guest.must("rm -rf /var/backups/lifeboat /run/lifeboat-offsite; install -d /run/lifeboat-offsite");
    await rclone("delete", "root:far-away");
  });

  /** What the guest's own program says of dumps, as far as it is asked here. */
  const listing = `#!/bin/sh
cd /var/backups/lifeboat 2>/dev/null || exit 0
case $1 in
list) for made in */*/"$2"-*Z/manifest.json; do [ ! -f "$made" ] || printf '{"version":1,"dump":"%s","items":[]}\\n' "\${made%/manifest.json}"; done ;;
check)
	[ ! -f /root/meanwhile ] || sh /root/meanwhile
	cd "$3" && sha256sum --check --strict --quiet SHA256SUMS >&2
	;;
esac
`;

  const rclone = (...words: readonly string[]): Promise<string> => minio.rclone(...words);

  function dump(name: string, text: string): void {
    const place = guest.path(`/var/backups/lifeboat/${name}`);
    mkdirSync(place, { recursive: true });
    const files = { "item-1.dump.zst": text, "manifest.json": `{"version":1,"dump":"${name}"}\n` };
    const sums = Object.entries(files).map(([file, content]) => {
      writeFileSync(join(place, file), content);
      return `${createHash("sha256").update(content).digest("hex")}  ${file}\n`;
    });
    writeFileSync(join(place, "SHA256SUMS"), sums.join(""));
  }

  function copies(): Promise<GuestAnswer> {
    const environment = { RUNTIME_DIRECTORY: "/run/lifeboat-offsite", SSL_CERT_DIR: `${places.trust}:/etc/ssl/certs` };
    return guest.run([places.program], { environment });
  }

  const lies = (): Promise<string[]> => minio.lies();
  const status = async (): Promise<unknown> => JSON.parse(await guest.must(`cat ${places.state}/status.json`));

  const first = "2026-11-21/postgres/shop-030000Z";
  const second = "2026-11-22/postgres/shop-030000Z";

  test("are copied whole, each once, and what is there is left alone [J2]", async () => {
    dump(first, "one");
    dump(second, "two");
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: `${first}: copied\n${second}: copied\n` });
    expect(await lies()).toEqual([...whole(first), ...whole(second)]);
    expect(await rclone("cat", `root:far-away/${at}/${second}/item-1.dump.zst`)).toBe("two");
    expect(await guest.must(`cat ${places.newest}/shop`)).toBe(second);
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await status()).toMatchObject({ version: 1, result: "success", message: "0 dumps copied" });
  });

  test("that were missed while the service was down are copied when it is back, and until then it is an error [J2]", async () => {
    dump(first, "one");
    await minio.close();
    const down = await copies();
    expect(down).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^copies of shop cannot be listed: .*refused/u),
    });
    expect(await status()).toMatchObject({ result: "error", message: expect.stringContaining("cannot be listed") });
    await minio.open();
    dump(second, "two");
    expect(await copies()).toMatchObject({ exitCode: 0 });
    expect(await lies()).toEqual([...whole(first), ...whole(second)]);
    expect(await guest.must(`tail -n 1 ${places.log}`)).toMatch(/ SUCCESS offsite: 2 dumps copied$/u);
  });

  test("stay while they are copied; one that a run has removed until its turn is missed by nobody [I4, J2]", async () => {
    dump(first, "one");
    dump(second, "two");
    const held = `flock -n -x ${places.sources}/shop true || echo held >>/root/held; rm -rf /var/backups/lifeboat/${second}`;
    await guest.must("cat >/root/meanwhile", { input: held });
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: `${first}: copied\n` });
    expect(await guest.must("rm /root/meanwhile; cat /root/held")).toBe("held");
    expect(await lies()).toEqual(whole(first));
  });

  test("that were cut off on their way are finished; until then they count as no copy [J2]", async () => {
    dump(first, "one");
    await rclone(
      "copyto",
      "/var/backups/lifeboat/" + first + "/item-1.dump.zst",
      `root:far-away/${at}/${first}/item-1.dump.zst`,
    );
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: `${first}: copied\n` });
    expect(await lies()).toEqual(whole(first));
  });

  test("are never written over: what lies there under their name stays, and the copy fails [J1, J2]", async () => {
    dump(first, "one");
    await guest.must("printf other >/tmp/other");
    await rclone("copyto", "/tmp/other", `root:far-away/${at}/${first}/item-1.dump.zst`);
    dump(second, "two");
    const { exitCode, stderr } = await copies();
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${first} cannot be copied: `)]);
    expect(await rclone("cat", `root:far-away/${at}/${first}/item-1.dump.zst`)).toBe("other");
    // One that fails keeps no other from being copied.
    expect(await lies()).toEqual([`${at}/${first}/item-1.dump.zst`, `${at}/${first}/manifest.json`, ...whole(second)]);
  });

  test("are not finished over what somebody else has finished meanwhile: that stays as it is [J1, J2]", async () => {
    dump(first, "one");
    await guest.must("printf other >/tmp/other");
    const sums = `root:far-away/${at}/${first}/SHA256SUMS`;
    await guest.must("cat >/root/meanwhile", {
      input: `rclone --quiet --config /tmp/rclone-of-root.conf --no-check-certificate copyto /tmp/other ${sums}\n`,
    });
    const { exitCode, stderr } = await copies();
    await guest.must("rm /root/meanwhile");
    expect(await rclone("cat", sums)).toBe("other");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${first} cannot be finished: `)]);
  });

  test("whose copy has the right size and other bytes are no copy [J2]", async () => {
    dump(first, "one");
    await guest.must(
      "head -c 6M /dev/zero >/tmp/other && truncate -s 6M /tmp/other && printf x | dd of=/tmp/other conv=notrunc status=none",
    );
    const item = guest.path(`/var/backups/lifeboat/${first}/item-1.dump.zst`);
    writeFileSync(item, Buffer.alloc(6 * 2 ** 20));
    const sums = guest.path(`/var/backups/lifeboat/${first}/SHA256SUMS`);
    const sum = createHash("sha256").update(readFileSync(item)).digest("hex");
    writeFileSync(sums, readFileSync(sums, "utf8").replace(/^\w+  item/u, `${sum}  item`));
    // In parts, the service knows no checksum of the whole, and rclone compares by size.
    await rclone(
      "copyto",
      "--s3-upload-cutoff",
      "5M",
      "--s3-chunk-size",
      "5M",
      "--s3-disable-checksum",
      "/tmp/other",
      `root:far-away/${at}/${first}/item-1.dump.zst`,
    );
    const { exitCode, stderr } = await copies();
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("what was copied is not what lies here")]);
    expect(await lies()).not.toContain(`${at}/${first}/SHA256SUMS`);
  });

  test("with a full disk for what a run says keep what the last one said, and the run fails [J2]", async () => {
    dump(first, "one");
    await copies();
    const told = await status();
    await guest.must(`cp -a ${places.state} /run/kept && mount -t tmpfs -o size=1m full ${places.state}
cp -a /run/kept/. ${places.state} && rm -r /run/kept; dd if=/dev/zero of=${places.state}/filler bs=4k 2>/dev/null || :`);
    dump(second, "two");
    expect(await copies()).toMatchObject({
      exitCode: 1,
      stdout: `${second}: copied\n`,
      stderr: expect.stringContaining(`${places.state}/status.json cannot be written`),
    });
    expect([await status(), await guest.must(`cat ${places.newest}/shop`)]).toEqual([told, first]);
    expect(await guest.must(`tail -n 1 ${places.log}`)).toMatch(
      / ERROR offsite: the newest copy of shop cannot be noted$/u,
    );
    expect(await guest.must(`ls -A ${places.state} ${places.newest}`)).not.toContain(".new");
    await guest.must(`umount ${places.state}`);
    expect(await copies()).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await guest.must(`cat ${places.newest}/shop`)).toBe(second);
    // Where no list of what is missing can be written, that is no success.
    const third = "2026-11-23/postgres/shop-030000Z";
    dump(third, "three");
    await guest.must("rm /run/lifeboat-offsite/missing && mkdir /run/lifeboat-offsite/missing");
    expect(await copies()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("cannot be told") });
    await guest.must("rmdir /run/lifeboat-offsite/missing");
    expect(await copies()).toMatchObject({ exitCode: 0, stdout: `${third}: copied\n` });
  });

  test("that are damaged here are not copied, and said so [J2]", async () => {
    dump(first, "one");
    writeFileSync(guest.path(`/var/backups/lifeboat/${first}/item-1.dump.zst`), "0ne");
    const { exitCode, stderr } = await copies();
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${first} is damaged here, and is not copied`)]);
    expect(await lies()).toEqual([]);
  });

  test("of a service that is not trusted are not sent [N4]", async () => {
    dump(first, "one");
    await guest.must(`mv ${places.trust} ${places.trust}.away`);
    const { exitCode, stderr } = await copies();
    await guest.must(`mv ${places.trust}.away ${places.trust}`);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("certificate")]);
    expect(await lies()).toEqual([]);
  });

  test("of a server that takes a connection and never answers end in time [J2]", async () => {
    dump(first, "one");
    await guest.must(
      `sed -i "s/^patience=.*/patience=3s/" ${places.settings}; sed -i s/:9000/:9001/ ${places.configuration}`,
    );
    const silent =
      "perl -MIO::Socket -e '$s = IO::Socket::INET->new(Listen => 5, LocalAddr => \"127.0.0.1:9001\") or die; push @c, $s->accept while 1'";
    await guest.must(`setsid ${silent} >/dev/null 2>&1 </dev/null & sleep 0.5`);
    const { exitCode, stderr } = await copies();
    await guest.must(
      `sed -i "s/^patience=.*/patience=12h/" ${places.settings}; sed -i s/:9001/:9000/ ${places.configuration}`,
    );
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^copies of shop cannot be listed: /u)]);
  });

  test("no other file than rclone's own holds the key, and only root reads that [N6]", async () => {
    const found = await guest.must(`grep -rlF '${key.secretKey}' /etc /usr/local /var/lib/lifeboat /var/log`);
    expect(found).toBe(places.configuration);
    expect(await guest.must(`stat -c '%a %U' ${places.configuration}`)).toBe("600 root");
    expect(dirname(places.configuration)).toBe(places.folder);
  });

  const fakes = { PATH: "/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  const holders = async () =>
    (await guest.run(["grep", "-rlF", key.secretKey, "/etc", "/usr/local", "/var"])).stdout.trim();

  test("go on while a source is left, and end with the last; what others put into its service stays [J2, I9, N6]", async () => {
    const entrance = { kind: "ssh", user: "root" } as const;
    const own = "/etc/systemd/system/lifeboat-data-shop.service.d";
    await guest.must(removalCommand("crm", entrance), { environment: fakes });
    expect(await holders()).toBe(places.configuration);
    expect(await guest.must(`ls ${own} /etc/systemd/system/lifeboat-offsite.timer`)).toContain("offsite.conf");
    await guest.must(`echo '[Service]' >${own}/site.conf`);
    await guest.must(removalCommand("shop", entrance), { environment: fakes });
    expect(await holders()).toBe("");
    expect(await guest.must(`ls ${own}; ls -d /etc/systemd/system/lifeboat-offsite* 2>/dev/null || :`)).toBe(
      "site.conf",
    );
    await guest.must(`rm ${own}/site.conf`);
    await guest.must("sh -s", { input: script, environment: fakes });
    expect(await holders()).toBe(places.configuration);
  });

  test("end when they are no longer declared, and the key goes [J2, N6]", async () => {
    await guest.must("sh -s", { input: removeDumpCopies(["shop"]), environment: { PATH: "/opt/bin:/usr/bin:/bin" } });
    expect((await guest.run(["grep", "-rlF", key.secretKey, "/etc", "/usr/local", "/var"])).stdout).toBe("");
    const left = await guest.must(
      `ls -d ${places.folder} /etc/systemd/system/*offsite* /etc/systemd/system/*shop* 2>/dev/null || :`,
    );
    expect(left).toBe("");
  });

  test("what runs is a POSIX shell script, as dash reads it", async () => {
    expect((await guest.run(["dash", "-n"], { input: dumpCopiesScript })).exitCode).toBe(0);
  });
});
