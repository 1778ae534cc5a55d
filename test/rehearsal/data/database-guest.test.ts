import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { databaseTree } from "../../support/database-guest/database-tree";
import { firstUseLimit } from "../support/toolchain";
import { projectFolder } from "../support/commands";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

(process.getuid?.() === 0 ? describe : describe.skip)("a guest with databases", () => {
  let guest: DatabaseGuest;

  beforeAll(async () => {
    guest = await DatabaseGuest.start({ say });
  }, firstUseLimit);

  afterAll(() => guest?.stop());

  test("is a Debian with real databases and what backs them up, which the facts are about", async () => {
    const versions = await guest.must(
      "cat /etc/debian_version; postgres=/usr/lib/postgresql/15/bin/postgres; $postgres --version; mariadbd --version;" +
        "pgbackrest version; age --version; restic version; rclone version; zstd --version; docker --version; systemctl --version",
    );
    for (const version of [
      /^12\./u,
      /PostgreSQL\) 15\./u,
      /10\.11\.\d+-MariaDB/u,
      /pgBackRest 2\.4/u,
      /^1\.1/mu,
      /Docker version 20/u,
    ])
      expect(versions).toMatch(version);
  });

  test("runs PostgreSQL, which answers its own user and keeps what is written through a restart", async () => {
    await guest.startPostgres();
    const psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align"];
    const ask = (text: string) => guest.run([...psql, "--command", text], { user: "postgres" });
    expect((await ask("create table kept as select 42 as answer")).exitCode).toBe(0);
    await guest.stopPostgres();
    expect((await ask("select answer from kept")).stderr).toContain("No such file or directory");
    await guest.startPostgres();
    expect(await ask("select answer from kept")).toEqual({ exitCode: 0, stdout: "42\n", stderr: "" });
    await guest.stopPostgres("immediate");
  });

  test("runs MariaDB with the options that a test asks for", async () => {
    const ask = (text: string) => guest.run(["mariadb", "--skip-column-names", "--batch"], { input: text });
    await guest.startMariaDb("--log-bin=written");
    expect(
      (await ask("create database shop; create table shop.kept as select 42 as answer; select @@log_bin;")).stdout,
    ).toBe("1\n");
    await guest.stopMariaDb();
    await guest.startMariaDb();
    expect((await ask("select answer, @@log_bin from shop.kept")).stdout).toBe("42\t0\n");
  });

  test("says why MariaDB does not start", async () => {
    const other = await DatabaseGuest.start();
    await expect(other.startMariaDb("--no-such-option")).rejects.toThrow("unknown option '--no-such-option'");
    await other.stop();
  });

  test("gives words, input and variables on as they are, and tells how a command ended", async () => {
    const strange = `a"b'c;d $x \\ \n`;
    expect(await guest.run(["printf", "%s", strange])).toEqual({ exitCode: 0, stdout: strange, stderr: "" });
    expect((await guest.run(["cat"], { input: strange })).stdout).toBe(strange);
    expect((await guest.run(["printenv", "GIVEN"], { environment: { GIVEN: "x y" } })).stdout).toBe("x y\n");
    expect((await guest.run(["id", "--user", "--name"], { user: "postgres" })).stdout).toBe("postgres\n");
    expect((await guest.shell("echo said >&2; exit 7")).stderr).toBe("said\n");
    expect((await guest.shell("exit 7")).exitCode).toBe(7);
    expect((await guest.shell("kill -KILL $$")).exitCode).toBe(137);
    await expect(guest.must("echo why >&2; false")).rejects.toThrow("why");
  });

  test("writes to nothing but memory: the tree stays as it is, and two guests see nothing of each other", async () => {
    const { folder } = await databaseTree(say);
    const other = await DatabaseGuest.start();
    await guest.must("echo mine > /etc/mine; rm /etc/debian_version");
    expect((await other.shell("cat /etc/debian_version; cat /etc/mine")).stdout).toMatch(/^12\.\d+\n$/u);
    expect([existsSync(join(folder, "etc/mine")), existsSync(join(folder, "etc/debian_version"))]).toEqual([
      false,
      true,
    ]);
    writeFileSync(guest.path("/etc/mine"), "from outside\n");
    expect(await guest.must("cat /etc/mine")).toBe("from outside");
    await other.stop();
  });

  test("has a loopback and no other network, and sees none of the machine's processes and mounts", async () => {
    expect(await guest.must("ip -brief link | cut -d ' ' -f 1")).toBe("lo");
    expect(await guest.must("ping -c 1 127.0.0.1 > /dev/null && echo answers")).toBe("answers");
    expect((await guest.shell("ping -c 1 192.0.2.1")).stderr).toContain("Network is unreachable");
    expect(await guest.must("cat /proc/1/comm")).toBe("perl");
    expect(await guest.must("grep -c /dev/vd /proc/self/mounts || true")).toBe("0");
  });

  test("has as much room as a test gives it: a full disk is one", async () => {
    const small = await DatabaseGuest.start({ room: 16 });
    expect((await small.shell("head -c 64M /dev/zero > /var/full")).stderr).toContain("No space left on device");
    await small.stop();
  });

  test("leaves nothing behind: no process, no mount, no file, also where its owner was killed", async () => {
    const { stage } = await databaseTree(say);
    const killed = spawn(
      process.execPath,
      [join(projectFolder, "scripts/run.cjs"), join(projectFolder, "test/support/database-guest/hold.ts")],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(killed.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(readFileSync(`/proc/${pid}/comm`, "utf8")).toBe("perl\n");
    killed.kill("SIGKILL");
    await once(killed, "close");
    while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 20));
    const own = await DatabaseGuest.start();
    await own.shell("setsid sleep 1000 > /dev/null 2>&1 &");
    await own.stop();
    expect(existsSync(`/proc/${own.pid}`)).toBe(false);
    expect(readdirSync(stage)).toEqual([]);
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(stage);
  });
});
