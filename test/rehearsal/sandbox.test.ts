import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCommand, readingFrom, type ReadResult } from "../../scripts/clients/node-program/archive-reader";
import { nodeProgram } from "../../scripts/clients/node-program/node-program";
import { runProgramFile } from "../../scripts/clients/run-program";
import { findControlGroups } from "../sandbox/drivers/real/container-processes";
import { layoutOf } from "../sandbox/setup/layout";
import { mirrorFiles } from "../sandbox/setup/services/mirror";
import { siteNames } from "../sandbox/machine/names";
import { processIds, readProc } from "../sandbox/machine/processes";
import { projectFolder as project, typeScript } from "./support/commands";
import { mayGrowMounted } from "./support/mounted-growth";
import { firstUseLimit } from "./support/toolchain";

/** The sandbox with real containers, spoken to as any client would: by plain requests, ssh, zstd and tar. */

const isRoot = process.getuid?.() === 0;
const namespacesFolder = "/run/netns";

interface Answer {
  status: number;
  data: unknown;
  message?: string;
}

/** Runs inside the site's network: METHOD, path, then name=value parameters. Prints status and body as JSON. */
const requestProgram = `
  const { readFileSync } = require("node:fs");
  const [method, path, ...fields] = process.argv.slice(1);
  const form = new URLSearchParams(fields.map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]));
  const body = method === "GET" || method === "DELETE" ? "" : form.toString();
  const request = require("node:https").request({
    host: "192.0.2.11", port: 8006, method, ca: readFileSync("site-ca.pem"),
    path: "/api2/json" + path + (body === "" && fields.length > 0 ? "?" + form : ""),
    headers: {
      Authorization: "PVEAPIToken=" + readFileSync(process.env.LIFEBOAT_PROXMOX_TOKEN_FILE, "utf8").trim(),
      ...(body === "" ? {} : { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) }),
    },
  }, (response) => {
    let text = "";
    response.on("data", (part) => (text += part));
    response.on("end", () => console.log(JSON.stringify({ status: response.statusCode, ...JSON.parse(text || "{}") })));
  });
  request.end(body);
`;

/**
 * Runs inside the site's network: prints what the mirror has at each path: status, SHA-256, and a short text. A connection
 * for each, since the server ends one that waits while a busy machine computes the sum.
 */
const downloadProgram = `
  const main = async () => {
    for (const path of process.argv.slice(1)) {
      const answer = await fetch("http://192.0.2.20/" + path, { headers: { connection: "close" } });
      const body = Buffer.from(await answer.arrayBuffer());
      const sum = require("node:crypto").createHash("sha256").update(body).digest("hex");
      console.log(JSON.stringify({ status: answer.status, sum, text: body.length > 1000 ? "" : body.toString() }));
    }
  };
  main();
`;

/** Runs inside the site's network: writes an object twice to the offsite bucket, and prints how many versions it has. */
const versionsProgram = `
  const { readFileSync } = require("node:fs");
  const { S3 } = require("@aws-sdk/client-s3");
  const [keyFile, ca] = process.argv.slice(1);
  const { accessKey, secretKey } = JSON.parse(readFileSync(keyFile, "utf8"));
  const { Agent } = require("node:https");
  const s3 = new S3({
    endpoint: "https://192.0.2.30:9000", region: "us-east-1", forcePathStyle: true, maxAttempts: 1,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    requestHandler: { httpsAgent: new Agent(ca === undefined ? {} : { ca: readFileSync(ca) }) },
  });
  const main = async () => {
    for (const Body of ["first", "second"]) await s3.putObject({ Bucket: "offsite", Key: "copy", Body });
    console.log((await s3.listObjectVersions({ Bucket: "offsite" })).Versions.length);
  };
  main().catch((failure) => { console.error(failure.message); process.exitCode = 1; });
`;

const secondOptions = [
  "IdentitiesOnly=yes",
  "BatchMode=yes",
  "StrictHostKeyChecking=no",
  "UserKnownHostsFile=/dev/null",
].flatMap((option) => ["-o", option]);

(isRoot ? describe : describe.skip)("the sandbox with real containers", () => {
  const folder = isRoot ? mkdtempSync(join(tmpdir(), "lifeboat-")) : "";
  const layout = layoutOf(join(folder, "site"));
  const environment = { ...process.env, LIFEBOAT_SANDBOX_DIR: layout.folder };
  /** What the machine holds besides this sandbox, before it came. */
  const before = isRoot ? machine() : undefined;
  let names: ReturnType<typeof siteNames>;

  afterAll(() => {
    sandbox("down");
    rmSync(folder, { recursive: true, force: true });
  });

  function sandbox(...words: string[]): string {
    const command = [...typeScript("test/sandbox/sandbox.ts"), ...words];
    return execFileSync(process.execPath, command, {
      cwd: project,
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  function api(method: string, path: string, ...fields: string[]): Answer {
    return JSON.parse(sandbox("exec", process.execPath, "-e", requestProgram, method, path, ...fields));
  }

  async function task(method: string, path: string, ...fields: string[]): Promise<void> {
    const { data: upid, message } = api(method, path, ...fields);
    if (typeof upid !== "string") throw new Error(`${method} ${path}: ${message ?? "no task"}`);
    for (;;) {
      const { data } = api("GET", `/nodes/pve-prod/tasks/${encodeURIComponent(upid)}/status`);
      if (hasMember(data, "exitstatus")) return expect(data.exitstatus).toBe("OK");
      await sleep(100);
    }
  }

  function sshWords(command: string, host: string): string[] {
    const options = ["BatchMode=yes", "ConnectTimeout=1", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
    const words = options.flatMap((option) => ["-o", option]);
    return ["exec", "ssh", "-i", layout.sshKey, ...words, `root@${host}`, command];
  }

  function ssh(command: string, host = "192.0.2.101"): string {
    return sandbox(...sshWords(command, host));
  }

  /** Reads an archive on a node as the command line does. */
  async function readOn(host: string, path: string): Promise<ReadResult> {
    const command = [...typeScript("test/sandbox/sandbox.ts"), ...sshWords(readCommand(path), host)];
    const options = { timeout: 60_000, input: nodeProgram, environment, workingDirectory: project };
    return readingFrom(await runProgramFile(process.execPath, command, options), host).result;
  }

  async function answersSsh(): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      try {
        return void ssh("true");
      } catch {
        await sleep(100);
      }
    }
    throw new Error("192.0.2.101 does not answer SSH");
  }

  /** What `ssh` says on its error stream when a command fails there. */
  function complaint(command: string, host: string): string {
    try {
      return ssh(command, host);
    } catch (failure) {
      return hasMember(failure, "stderr") ? String(failure.stderr) : "";
    }
  }

  /** The newest archive in the storage's folder. */
  function archive(): string {
    const dump = join(layout.server, "nodes/pve-prod/root/var/lib/vz/dump");
    const found = readdirSync(dump).filter((name) => name.endsWith(".tar.zst"));
    return join(dump, found.sort().at(-1) ?? "");
  }

  beforeAll(() => {
    execFileSync("npm", ["run", "--silent", "toolchain", "--", "--all"], { cwd: project, stdio: "ignore" });
  }, firstUseLimit);

  test("comes up, and a second `up` leaves it as it is", () => {
    expect(JSON.parse(sandbox("up", "--driver", "real", "--json"))).toMatchObject({ driver: "real", started: true });
    expect(JSON.parse(sandbox("up", "--driver", "real", "--json"))).toMatchObject({ started: false });
    names = siteNames(layout.server);
  });

  test("runs a container made from its template, and lets in the key that was given", async () => {
    await task(
      "POST",
      "/nodes/pve-prod/lxc",
      "vmid=101",
      "hostname=web",
      "ostemplate=local:vztmpl/debian-12-standard_amd64.tar.zst",
      "rootfs=local:4",
      "mp0=local:2,mp=/srv,backup=1",
      "mp1=local:1,mp=/var/cache/app",
      "memory=512",
      "unprivileged=1",
      "net0=name=eth0,bridge=vmbr0,ip=192.0.2.101/24,gw=192.0.2.1",
      `ssh-public-keys=${readFileSync(layout.sshPublicKey, "utf8")}`,
    );
    await task("POST", "/nodes/pve-prod/lxc/101/status/start");
    await answersSsh();
    expect(ssh("hostname; findmnt -n -o TARGET,FSTYPE /srv; systemctl is-system-running --wait")).toMatch(
      /^web\n\/srv +ext4\nrunning\n$/,
    );
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(layout.folder);
  });

  test("a mount point is added to the running container at once, and its disks grow under it", async () => {
    const started = ssh("stat -c %Y /proc/1");
    expect(api("PUT", "/nodes/pve-prod/lxc/101/config", "mp2=local:1,mp=/opt/added/mail").status).toBe(200);
    expect(api("PUT", "/nodes/pve-prod/lxc/101/config", "mp3=local:1,mp=/opt/added/read,ro=1").status).toBe(200);
    expect(ssh("findmnt -n -o TARGET,FSTYPE /opt/added/mail; echo mail > /opt/added/mail/kept")).toMatch(
      /^\/opt\/added\/mail +ext4\n$/,
    );
    expect(ssh("touch /opt/added/read/file || true; findmnt -n -o OPTIONS /opt/added/read")).toMatch(/^ro[,\n]/);
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(layout.folder);
    expect(rootSize()).toBeGreaterThan(3.5 * 2 ** 30);
    await task("PUT", "/nodes/pve-prod/lxc/101/resize", "disk=mp2", "size=2G");
    await task("PUT", "/nodes/pve-prod/lxc/101/resize", "disk=rootfs", "size=5G");
    if (mayGrowMounted()) {
      expect(Number(ssh("df -B1 --output=size /opt/added/mail | tail -1"))).toBeGreaterThan(1.8 * 2 ** 30);
      expect(rootSize()).toBeGreaterThan(4.5 * 2 ** 30);
    }
    expect(ssh("stat -c %Y /proc/1; cat /opt/added/mail/kept")).toBe(`${started}mail\n`);
  });

  test("another SSH key takes the place of a stolen one, which opens nothing any more [N5, N3]", () => {
    const page = readFileSync(join(project, "docs/reference/security.md"), "utf8");
    const lines = page.split("\n").filter((line) => /^ssh(?:-keygen|-copy-id)? .*\/lifeboat-2/u.test(line));
    expect(lines).toHaveLength(3);
    const home = join(folder, "stolen");
    const programs = join(home, "programs");
    mkdirSync(programs, { recursive: true });
    mkdirSync(join(home, ".ssh"), { mode: 0o700 });
    // The person's own settings: the former key, and no questions.
    const settings = join(home, "settings");
    const own = [`IdentityFile ${layout.sshKey}`, "BatchMode yes", "UserKnownHostsFile /dev/null"];
    writeFileSync(settings, ["Host *", ...own, "StrictHostKeyChecking no"].join("\n"));
    const none = `[ "$1 $2" = "-F none" ] && shift 2 && exec /usr/bin/ssh -F none ${secondOptions.join(" ")} "$@"`;
    const wrapper = `#!/bin/sh\n${none}\nexec /usr/bin/ssh -F ${settings} "$@"\n`;
    writeFileSync(join(programs, "ssh"), wrapper, { mode: 0o755 });
    const [make = "", ...others] = lines.map((line) => line.replace("192.0.2.132", "192.0.2.101"));
    const script = [`${make} -N '' -q`, ...others].join(" && ");
    sandbox("exec", "env", `HOME=${home}`, `PATH=${programs}:${process.env["PATH"] ?? ""}`, "bash", "-c", script);
    const former = readFileSync(layout.sshPublicKey, "utf8").trim();
    const second = ["-F", "none", "-i", join(home, ".ssh", "lifeboat-2"), ...secondOptions, "root@192.0.2.101"];
    const taken = `cd ~/.ssh && grep -vF '${former}' authorized_keys > next; cat next > authorized_keys; wc -l < next`;
    expect(sandbox("exec", "ssh", ...second, taken)).toBe("1\n");
    expect(complaint("true", "192.0.2.101")).toContain("Permission denied");
    // For the tests behind this one.
    sandbox("exec", "ssh", ...second, `echo '${former}' > ~/.ssh/authorized_keys`);
    expect(ssh("hostname")).toBe("web\n");
  });

  test("one that goes through a symbolic link is refused, and its volume is gone", () => {
    ssh("ln -s /etc /opt/link");
    const images = join(layout.server, "nodes/pve-prod/root/var/lib/vz/images/101");
    const before = readdirSync(images);
    const { status, message } = api("PUT", "/nodes/pve-prod/lxc/101/config", "mp4=local:1,mp=/opt/link/inside");
    expect([status, message]).toEqual([400, expect.stringContaining("Parameter verification failed")]);
    expect(readdirSync(images)).toEqual(before);
    expect(ssh("ls -d /etc/inside 2>&1 || true")).toContain("No such file");
  });

  /** What the node says of the root disk: the size of its file system. */
  function rootSize(): number {
    const { data } = api("GET", "/nodes/pve-prod/lxc/101/status/current");
    return hasMember(data, "maxdisk") ? Number(data.maxdisk) : 0;
  }

  test("writes an archive of the running container that plain zstd and tar read", async () => {
    ssh("echo precious > /srv/file; chown 1234:4321 /srv/file; chmod 4750 /srv/file; ln -s file /srv/link");
    ssh("echo rebuilt > /var/cache/app/file; sync");
    await task("POST", "/nodes/pve-prod/vzdump", "vmid=101", "storage=local", "mode=snapshot", "compress=zstd");
    const listing = execFileSync("tar", ["--zstd", "--numeric-owner", "-tvf", archive()], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    }).split("\n");
    expect(listing[0]).toMatch(/ \.\/etc\/vzdump\/pct\.conf$/);
    expect(listing).toContainEqual(expect.stringMatching(/^-rwsr-x--- 1234\/4321 +9 .* \.\/srv\/file$/));
    expect(listing).toContainEqual(expect.stringMatching(/^lrwxrwxrwx 0\/0 .* \.\/srv\/link -> file$/));
    expect(listing).toContainEqual(expect.stringMatching(/^drwxr-xr-x .* \.\/var\/cache\/app\/$/));
    expect(listing.filter((line) => line.endsWith("./var/cache/app/file"))).toEqual([]);
    expect(ssh("cat /srv/file")).toBe("precious\n");
  });

  test("each node has a shell that sees its storages: there the archive is read to its end, and damage is found [D9]", async () => {
    const node = "192.0.2.11";
    const path = `/var/lib/vz/dump/${archive().split("/").at(-1) ?? ""}`;
    expect(await readOn(node, path)).toEqual({ kind: "whole" });
    const damaged = path.replace("vzdump-", "damaged-");
    ssh(`cp ${path} ${damaged} && truncate -s -1000 ${damaged}`, node);
    expect(await readOn(node, damaged)).toEqual({
      kind: "damaged",
      why: expect.stringMatching(/premature end|unexpected end/iu),
    });
    ssh(`rm ${damaged}`, node);
    expect(complaint("ls /var/lib/vz/dump", "192.0.2.12")).toContain("No such file or directory");
  });

  test("a key that is limited to the printed program reads archives through the node's sshd, and gets nothing else [G1]", async () => {
    const node = "192.0.2.11";
    const path = `/var/lib/vz/dump/${archive().split("/").at(-1) ?? ""}`;
    // Below its storages, which the node's shell and this test both see.
    const program = "/var/lib/vz/lifeboat-archive";
    const installed = join(layout.server, "nodes/pve-prod/root", program);
    const authorized = join(layout.server, "node-keys/pve-prod/authorized_keys");
    const ordinary = readFileSync(authorized, "utf8");
    writeFileSync(installed, nodeProgram, { mode: 0o755 });
    writeFileSync(authorized, `restrict,command="${program} /var/lib/vz/dump" ${ordinary}`);
    try {
      expect(await readOn(node, path)).toEqual({ kind: "whole" });
      for (const asked of [
        "sh",
        `cat ${path}`,
        `${readCommand(path)}; touch /var/lib/vz/witness`,
        `perl - /etc/shadow`,
      ]) {
        expect(complaint(asked, node)).toContain("this key reads archives of vzdump");
      }
      expect(existsSync(join(layout.server, "nodes/pve-prod/root/var/lib/vz/witness"))).toBe(false);
    } finally {
      writeFileSync(authorized, ordinary);
      rmSync(installed);
    }
  });

  test("brings a destroyed container back from it", async () => {
    const volid = `local:backup/${archive().split("/").at(-1) ?? ""}`;
    await task("POST", "/nodes/pve-prod/lxc/101/status/stop");
    await task("DELETE", "/nodes/pve-prod/lxc/101", "purge=1");
    expect(api("GET", "/nodes/pve-prod/lxc/101/status/current").status).toBe(500);
    await task("POST", "/nodes/pve-prod/lxc", "vmid=101", `ostemplate=${volid}`, "restore=1", "storage=local");
    await task("POST", "/nodes/pve-prod/lxc/101/status/start");
    await answersSsh();
    expect(ssh("cat /srv/link; stat -c '%u:%g %a' /srv/file; ls /var/cache/app")).toBe(
      "precious\n1234:4321 4750\nlost+found\n",
    );
  });

  test("goes on after its server was killed: the container runs all the while", async () => {
    const { pid } = JSON.parse(sandbox("status", "--json"));
    process.kill(pid, "SIGKILL");
    expect(ssh("hostname")).toBe("web\n");
    expect(JSON.parse(sandbox("up", "--driver", "real", "--json"))).toMatchObject({ started: true });
    expect(api("GET", "/nodes/pve-prod/lxc/101/status/current").data).toMatchObject({ status: "running" });
    await task("POST", "/nodes/pve-prod/lxc/101/status/shutdown");
    await task("POST", "/nodes/pve-prod/lxc/101/status/start");
    await answersSsh();
  });

  test("its mirror has the state store's server in two versions, each with its sum", () => {
    const files = readdirSync(mirrorFiles(layout)).filter((name) => !name.endsWith(".sha256"));
    expect(files.sort()).toEqual([
      "debian-12-standard_amd64.tar.zst",
      "minio.RELEASE.2026-02-12T20-18-48Z",
      "minio.RELEASE.2026-02-12T20-18-48Z.hotfix.7aac2a2c5b7c",
    ]);
    const arrived = fromMirror(...files);
    expect(arrived.map(({ sum }, index) => `${sum}  ${files[index]}\n`)).toEqual(
      fromMirror(...files.map((name) => `${name}.sha256`)).map(({ text }) => text),
    );
    expect(new Set(arrived.map(({ sum }) => sum)).size).toBe(3);
    expect(fromMirror("..%2flog", "no-such-file").map(({ status }) => status)).toEqual([404, 404]);
  });

  test("an S3 server plays the offsite provider: TLS by the site's CA, a key in a file, all versions are kept", () => {
    expect(versions(layout.ca)).toBe("2\n");
    expect(exitCodeOf(() => versions())).toBe(1);
    expect(statSync(layout.offsiteKeyFile).mode & 0o777).toBe(0o600);
    const { secretKey } = JSON.parse(readFileSync(layout.offsiteKeyFile, "utf8"));
    const visible = processIds().flatMap((pid) => [readProc(pid, "cmdline"), readProc(pid, "environ")]);
    expect(visible.filter((text) => text.includes(secretKey))).toEqual([]);
  });

  test("a service is stopped and started, and `up` starts one that was killed: its data stays", () => {
    sandbox("service", "offsite", "stop");
    expect(exitCodeOf(() => versions(layout.ca))).toBe(1);
    expect(exitCodeOf(() => sandbox("status"))).toBe(3);
    sandbox("service", "offsite", "start");
    expect(versions(layout.ca)).toBe("4\n");
    for (const { pid } of running()) process.kill(pid, "SIGKILL");
    sandbox("up", "--driver", "real");
    expect(running().map(({ name, url }) => `${name} ${url}`)).toEqual([
      "mirror http://192.0.2.20",
      "offsite https://192.0.2.30:9000",
    ]);
    expect(versions(layout.ca)).toBe("6\n");
  });

  function fromMirror(...paths: string[]): { status: number; sum: string; text: string }[] {
    const printed = sandbox("exec", process.execPath, "-e", downloadProgram, ...paths);
    return printed
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** Its services, which all run. */
  function running(): { name: string; url: string; pid: number }[] {
    return JSON.parse(sandbox("status", "--json")).services;
  }

  function versions(...ca: string[]): string {
    return sandbox("exec", process.execPath, "-e", versionsProgram, layout.offsiteKeyFile, ...ca);
  }

  test("`exec` passes the command's exit code on", () => {
    expect(exitCodeOf(() => sandbox("exec", "sh", "-c", "exit 7"))).toBe(7);
    expect(exitCodeOf(() => sandbox("exec", "sh", "-c", "kill -TERM $$"))).toBe(143);
    expect(exitCodeOf(() => sandbox("exec", "no-such-command"))).toBe(127);
  });

  test("`down` leaves nothing, also after its server was killed", async () => {
    const { pid, services } = JSON.parse(sandbox("status", "--json"));
    for (const killed of [pid, services[0].pid]) process.kill(killed, "SIGKILL");
    expect(exitCodeOf(() => sandbox("exec", process.execPath, ...typeScript("test/sandbox/sandbox.ts"), "down"))).toBe(
      1,
    );
    sandbox("down");
    sandbox("down");
    expect(existsSync(layout.folder)).toBe(false);
    expect(machine()).toEqual(before);
    expect(traces()).toEqual([]);
    expect(await findControlGroups((name) => name.includes(names.id))).toEqual([]);
  });

  /** Processes and kernel objects that name this sandbox. */
  function traces(): string[] {
    const processes = processIds()
      .filter((pid) => pid !== process.pid)
      .map((pid) => readProc(pid, "cmdline").replaceAll("\0", " "))
      .filter((line) => line.includes(layout.folder) || line.includes(names.id));
    const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
    const loops = execFileSync("losetup", ["--all"], { encoding: "utf8" }).split("\n");
    const namespaces = existsSync(namespacesFolder) ? readdirSync(namespacesFolder) : [];
    return [...processes, ...mounts, ...loops, ...namespaces, ...below("/run/lxc/lock")].filter(
      (line) => line.includes(layout.folder) || line.includes(names.id),
    );
  }
});

/** What the machine has, apart from other sandboxes that may be up beside this one: these have namespaces and locks. */
function machine(): unknown {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return {
    mounts: mounts.filter((line) => !line.startsWith("nsfs ") && line.split(" ")[1] !== namespacesFolder),
    links: readdirSync("/sys/class/net").sort(),
    unused: [namespacesFolder, "/run/lxc", ...below("/run/lxc")].filter(
      (place) => existsSync(place) && statSync(place).isDirectory() && readdirSync(place).length === 0,
    ),
  };
}

function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
}

function exitCodeOf(run: () => unknown): number | undefined {
  try {
    run();
    return 0;
  } catch (failure) {
    return hasMember(failure, "status") && typeof failure.status === "number" ? failure.status : undefined;
  }
}

function hasMember<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return typeof value === "object" && value !== null && name in value;
}
