import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { commandSource, filesSource, InstalledSource } from "./support/data-source";

/** Dumps of real files, and of what commands print. */

const isRoot = process.getuid?.() === 0;

const program = "/usr/local/lib/lifeboat/data/lifeboat-data";

async function dumped(source: InstalledSource): Promise<{ folder: string; line: string }> {
  const line = await source.dump();
  const manifests = await source.manifests();
  return { folder: `/var/backups/lifeboat/${manifests.at(-1)?.name ?? ""}`, line };
}

(isRoot ? describe : describe.skip)("files in a guest", () => {
  let guest: DatabaseGuest;

  beforeAll(async () => {
    guest = await DatabaseGuest.start();
    await guest.must(`
mkdir -p /srv/app/empty /srv/app/kept /srv/app/logs
cd /srv/app
printf 'a\\nb' > plain; printf x > 'a"b'"'"'c;d $x'; printf y > "$(printf 'two\\nlines')"; printf z > -rf
chmod 4750 plain; chown 1234:4321 plain; chmod 0711 empty; touch -d 2001-02-03T04:05:06 plain
ln plain hard; ln -s plain soft; ln -s /nowhere broken; mkfifo pipe
truncate -s 64M holes; printf end | dd of=holes bs=1 seek=33554432 conv=notrunc status=none
setfattr -n user.note -v 'noted' plain; setfacl -m u:1234:r kept; setcap cap_net_raw+ep 'a"b'"'"'c;d $x' 2>/dev/null || true
echo a > logs/a.tmp; echo b > logs/b.log
echo single > /etc/single.conf; chmod 0600 /etc/single.conf`);
  }, 300_000);

  afterAll(() => guest?.stop());

  const facts = (folder: string): Promise<string> =>
    guest.must(
      `cd ${folder} && find . ! -path . -printf '%p %y %m %U:%G %n %s %T@ %l\\n' | sort && find . -type f -exec sha256sum {} + | sort && ` +
        "getfattr -Rhd -m - . | sort && getfacl -R -n kept && du -k holes",
    );

  test("a folder comes back with owners, modes, attributes, links and holes, whatever its names are [I1, I4, I6]", async () => {
    const app = new InstalledSource(guest, filesSource({ name: "app", paths: ["/srv/app", "/etc/single.conf"] }));
    const { folder, line } = await dumped(app);
    expect(line).toMatch(
      /^SUCCESS \d{4}-\d\d-\d\d\/files\/app-\d{6}Z: 2 items, \d+ bytes, entries 15,files 9, \d+ s$/u,
    );
    const [manifest] = await app.manifests();
    expect(manifest?.server).toMatch(/^tar \(GNU tar\) 1\./u);
    expect(manifest?.items).toMatchObject([
      { type: "path", name: "/srv/app", counts: { files: 8, entries: 14 } },
      { type: "path", name: "/etc/single.conf", counts: { files: 1, entries: 1 } },
    ]);
    // 64 MiB of holes are not 64 MiB of a dump.
    expect(manifest?.items[0]?.plainBytes).toBeLessThan(1_000_000);
    await guest.must(`zstd -dcq ${folder}/item-1.dump.zst | ${program} load app path /srv/again`);
    expect(await facts("/srv/again")).toBe(await facts("/srv/app"));
    await guest.must(`zstd -dcq ${folder}/item-2.dump.zst | ${program} load app path /etc/again.conf`);
    expect(await guest.must("stat -c '%F %a' /etc/again.conf && cat /etc/again.conf")).toBe("regular file 600\nsingle");
  });

  test("load takes the place of nothing, and only what it made is removed again [I6, I9]", async () => {
    const app = new InstalledSource(guest, filesSource({ name: "own", paths: ["/srv/app/kept"] }));
    const { folder } = await dumped(app);
    const load = (place: string) =>
      guest.shell(`zstd -dcq ${folder}/item-1.dump.zst | ${program} load own path ${place}`);
    expect((await load("/srv/app")).stderr).toContain("Unable to load path into /srv/app: there is /srv/app already");
    expect((await load("/nowhere/there")).stderr).toContain("there is no folder /nowhere");
    expect((await load("relative")).stderr).toContain("relative is no absolute path");
    expect((await app.program("drop-copy", ["/srv/app"])).stderr).toContain("/srv/app was not made by Lifeboat");
    expect((await load("/srv/copy")).exitCode).toBe(0);
    // Another one of the same name is somebody else's.
    await guest.must("mv /srv/copy /srv/moved && mkdir /srv/copy && echo mine > /srv/copy/file");
    expect((await app.program("drop-copy", ["/srv/copy"])).stderr).toContain("/srv/copy was not made by Lifeboat");
    expect(await guest.must("cat /srv/copy/file")).toBe("mine");
    await guest.must("rm -r /srv/copy && mv /srv/moved /srv/copy");
    expect(await app.program("drop-copy", ["/srv/copy"])).toMatchObject({ exitCode: 0 });
    expect((await guest.shell("ls /srv/copy")).exitCode).toBe(2);
  });

  test("what is excluded is not in it, and neither are Lifeboat's own dumps [I1]", async () => {
    await guest.must("mkdir -p /var/backups/other && echo x > /var/backups/other/file");
    const source = filesSource({
      name: "some",
      paths: ["/srv/app", "/var/backups"],
      exclude: ["*.tmp", "hard", "a\"b'c;d $x"],
    });
    const { folder } = await dumped(new InstalledSource(guest, source));
    const names = await guest.must(`for item in 1 2; do zstd -dcq ${folder}/item-$item.dump.zst | tar -t; done`);
    expect(names).toContain("./logs/b.log");
    expect(names).toContain("./other/file");
    for (const absent of ["a.tmp", "./hard", "a\"b'c", "lifeboat"]) expect(names).not.toContain(absent);
  });

  test("what changes while it is read is told, and is no error [I4]", async () => {
    await guest.must(
      "mkdir -p /srv/busy && head -c 200M /dev/urandom > /srv/busy/growing && echo still > /srv/busy/still",
    );
    const busy = new InstalledSource(guest, filesSource({ name: "busy", paths: ["/srv/busy"] }));
    const writing = guest.shell("until [ -e /tmp/enough ]; do printf more >> /srv/busy/growing; sleep 0.01; done");
    const { line } = await dumped(busy);
    await guest.must("touch /tmp/enough");
    await writing;
    expect(line).toMatch(/; 1 changed while \/srv\/busy was read: \.\/growing$/u);
  });

  test("a folder that is not there is an error of its own [I4]", async () => {
    const none = new InstalledSource(guest, filesSource({ name: "none", paths: ["/srv/none"] }));
    expect(await none.failingRun()).toBe("ERROR none: Unable to dump path /srv/none: there is no /srv/none");
  });

  test("a dump that is not what lies there is an error [I4]", async () => {
    await guest.must("mkdir -p /srv/bad && echo good > /srv/bad/file && sleep 2");
    const bad = new InstalledSource(guest, filesSource({ name: "bad", paths: ["/srv/bad"] }));
    // A disk that gives other bytes than those that were written.
    const liar = `#!/bin/sh\ncase " $* " in *' --create '*) /usr/bin/tar "$@" | sed 's/good/evil/' ;; *) exec /usr/bin/tar "$@" ;; esac\n`;
    await guest.must("cat > /usr/local/sbin/tar && chmod +x /usr/local/sbin/tar", {
      input: liar,
    });
    expect(await bad.failingRun()).toBe(
      "ERROR bad: Unable to prove the dump of path /srv/bad: /srv/bad/./file is another than in the dump, although nobody has changed it",
    );
    // Names that tar writes in another way.
    for (const name of ["é 100%% \\\\d", "two\\nlines"]) {
      await guest.must(`cd /srv/bad && rm -- * && echo good > "$(printf '${name}')" && sleep 2`);
      expect(await bad.failingRun()).toContain("is another than in the dump, although nobody has changed it");
    }
    await guest.must("rm /usr/local/sbin/tar");
    await bad.dump();
  });
});

(isRoot ? describe : describe.skip)("a command in a guest", () => {
  let guest: DatabaseGuest;

  beforeAll(async () => {
    guest = await DatabaseGuest.start();
  }, 300_000);

  afterAll(() => guest?.stop());

  const output = (source: InstalledSource): Promise<string> =>
    source
      .manifests()
      .then((all) => guest.must(`zstd -dcq /var/backups/lifeboat/${all.at(-1)?.name ?? ""}/item-1.dump.zst`));

  test("its output is the dump, its check says whether that is a good one, and its restore gets it [I8, I4, I6]", async () => {
    const sealed = new InstalledSource(
      guest,
      commandSource({
        name: "vault",
        command: `printf '%s\\n' "it's \\$x" 'sealed'; echo progress >&2`,
        check: "grep -q sealed",
        restore: "cat > /root/restored",
      }),
    );
    expect(await sealed.dump()).toMatch(/: 1 items, \d+ bytes, printed 15, \d+ s$/u);
    expect(await output(sealed)).toBe("it's $x\nsealed");
    const [manifest] = await sealed.manifests();
    const file = `/var/backups/lifeboat/${manifest?.name ?? ""}/item-1.dump.zst`;
    await guest.must(`zstd -dcq ${file} | ${program} load vault output command`);
    expect(await guest.must("cat /root/restored")).toBe("it's $x\nsealed");
  });

  test("a command that fails, that prints nothing, or whose output its check refuses, is an error [I8, I4]", async () => {
    const failing = (name: string, other: { command: string; check?: string }) =>
      new InstalledSource(guest, commandSource({ name, ...other })).failingRun();
    expect(await failing("fails", { command: "echo half; echo 'no such mount' >&2; exit 3" })).toBe(
      "ERROR fails: Unable to dump output command: no such mount",
    );
    expect(await failing("nothing", { command: "true" })).toBe(
      "ERROR nothing: Unable to prove the dump of output command: the command printed nothing",
    );
    expect(
      await failing("refused", { command: "echo half", check: "grep -q whole || { echo 'not whole' >&2; false; }" }),
    ).toBe("ERROR refused: Unable to prove the dump of output command: the check refuses it: not whole");
    const kept = new InstalledSource(guest, commandSource({ name: "kept", command: "echo it" }));
    await kept.dump();
    const file = `/var/backups/lifeboat/${(await kept.manifests())[0]?.name ?? ""}/item-1.dump.zst`;
    expect((await guest.shell(`zstd -dcq ${file} | ${program} load kept output command`)).stderr).toContain(
      "its settings have no command that restores it",
    );
  });
});
