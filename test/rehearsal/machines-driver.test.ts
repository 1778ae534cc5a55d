import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { AgentSilent, type Image, type MachineSpec } from "../sandbox/drivers/machines";
import { findMachines } from "../sandbox/drivers/real/machines/machine-processes";
import { QemuMachines } from "../sandbox/drivers/real/machines/qemu-machines";
import { run } from "../sandbox/machine/child-process";
import { siteNames } from "../sandbox/machine/names";
import { isAlive } from "../sandbox/machine/processes";
import { layoutOf } from "../sandbox/setup/layout";
import { MACHINE_IMAGE } from "../sandbox/setup/images/machine-image";
import { DemoSite, expectExit } from "./support/demo-site";
import { inGuest, seedFiles, untilAgentAnswers, untilBooted } from "./support/machine-guest";
import { firstUseLimit } from "./support/toolchain";

// What the emulator asks of QEMU, asked directly, on a site that the sandbox brought up. Each test stands on the one before.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-qemu-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const layout = layoutOf(site.folder);
const nodes = ["pve-prod", "pve-lab", "pve-mon"];
const GiB = 1024 ** 3;
const statusSchema = z.object({ pid: z.number() });

let machines: QemuMachines;

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  expectExit(await site.sandbox("up", "--driver", "real", "--machines"), [0], "the sandbox");
  machines = new QemuMachines(siteNames(layout.server), nodes);
}, firstUseLimit);

afterAll(async () => {
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

/** On the machine's disk: what belongs to the site goes with it. */
function image(name: string, format: Image["format"]): Image {
  return { path: join(layout.server, "images", name), format };
}

function machine(other: Partial<MachineSpec> & Pick<MachineSpec, "node" | "name" | "drives" | "cards">): MachineSpec {
  return { vmid: 201, memory: 384, cores: 1, boot: ["scsi0", "virtio0"], uuid: undefined, agent: true, ...other };
}

function card(hardwareAddress: string, firewall: boolean, address: string): MachineSpec["cards"][number] {
  const addresses = [`${address}/24`];
  return { number: 0, model: "virtio", hardwareAddress, bridge: "vmbr0", linkDown: false, firewall, addresses };
}

const webDisk = image("web.qcow2", "qcow2");
const webSeed = image("web-seed.qcow2", "qcow2");
const web = machine({
  node: "pve-prod",
  name: "web",
  uuid: "5b0f3c4e-6a1d-4d2b-9a7e-0c1d2e3f4a5b",
  drives: [
    { key: "scsi0", image: webDisk, isDisc: false },
    { key: "ide2", image: webSeed, isDisc: true },
    { key: "sata0", image: undefined, isDisc: true },
  ],
  cards: [card("BC:24:11:00:02:01", false, "192.0.2.201")],
});

const dbDisk = image("db.raw", "raw");
const dbSeed = image("db-seed.raw", "raw");
/** The same id on another node, on other buses, behind the firewall's bridge. */
const db = machine({
  node: "pve-lab",
  name: "db",
  drives: [
    { key: "virtio0", image: dbDisk, isDisc: false },
    { key: "scsi1", image: dbSeed, isDisc: true },
  ],
  cards: [card("BC:24:11:00:02:02", true, "192.0.2.202")],
});

async function ssh(address: string, command: string): Promise<string> {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=accept-new", "ConnectTimeout=120", "LogLevel=ERROR"];
  const known = `UserKnownHostsFile=${join(parent, "known-hosts")}`;
  const words = ["-i", layout.sshKey, ...[...options, known].flatMap((option) => ["-o", option])];
  const result = await site.inside("ssh", ...words, `ops@${address}`, command);
  return expectExit(result, [0], `ssh to ${address}`).stdout.trim();
}

/** Makes the disk of a machine from the image that can be imported, and what cloud-init reads. */
async function prepare(spec: MachineSpec, disk: Image, seed: Image, size: number): Promise<void> {
  const place = join(layout.server, "nodes", spec.node, "root/var/lib/vz/import", MACHINE_IMAGE);
  await machines.createImage(disk, size);
  await machines.copyImage({ path: place, format: "qcow2" }, disk);
  const [{ hardwareAddress, addresses } = { hardwareAddress: "", addresses: [] }] = spec.cards;
  const address = addresses[0]?.split("/")[0] ?? "";
  const key = readFileSync(layout.sshPublicKey, "utf8");
  await machines.createImage(seed, 4 * 1024 ** 2);
  await machines.writeSeed(seed, seedFiles(spec.name, address, hardwareAddress, key));
}

(isRoot ? describe : describe.skip)("virtual machines of QEMU", () => {
  test("a disk from the image boots by itself, and its guest is what the seed says [A2]", async () => {
    await prepare(web, webDisk, webSeed, 3 * GiB);
    expect(await machines.imageSize(webDisk)).toBe(3 * GiB);
    expect(await machines.imageSize(webSeed)).toBe(4 * 1024 ** 2);
    await expect(machines.createImage(webDisk, GiB)).rejects.toThrow("EEXIST");
    await machines.start(web);
    await expect(machines.start(web)).rejects.toThrow("virtual machine 201 is running");
    await untilBooted(machines, web);
    expect(await machines.agent(web, "guest-get-osinfo")).toMatchObject({ id: "debian", "version-id": "12" });
    expect(await ssh("192.0.2.201", "hostname; sudo id -u")).toBe("web\n0");
    expect(await machines.agent(web, "guest-get-host-name")).toEqual({ "host-name": "web" });
    const interfaces = JSON.stringify(await machines.agent(web, "guest-network-get-interfaces"));
    expect(interfaces).toContain('"bc:24:11:00:02:01"');
    expect(interfaces).toContain('"192.0.2.201"');
    expect(await inGuest(machines, web, "cat /sys/class/dmi/id/product_uuid")).toBe(web.uuid);
    await expect(machines.agent(web, "guest-nonsense")).rejects.toThrow("guest-nonsense has not been found");
  });

  test("what cannot be started is refused in QEMU's words, and leaves nothing", async () => {
    const missing = { ...db, drives: [{ key: "scsi0", image: image("none.raw", "raw"), isDisc: false }] };
    await expect(machines.start(missing)).rejects.toThrow("none.raw': No such file or directory");
    const unplugged = { ...db, cards: db.cards.map((one) => ({ ...one, bridge: "vmbr9" })) };
    await expect(machines.start(unplugged)).rejects.toThrow("bridge 'vmbr9' does not exist");
    expect(await machines.isRunning(db)).toBe(false);
    expect(existsSync(join(siteNames(layout.server).machinesFolder, "pve-lab-201"))).toBe(false);
    await expect(machines.agent(db, "guest-ping")).rejects.toThrow(AgentSilent);
    await machines.stop(db);
    expect(await machines.shutdown(db, 1)).toBe(true);
  });

  test("a copy of a frozen and paused machine's disk is a whole file system", async () => {
    await inGuest(machines, web, "echo kept > /root/mark");
    expect(await machines.agent(web, "guest-fsfreeze-freeze")).toBe(1);
    expect(await machines.agent(web, "guest-fsfreeze-status")).toBe("frozen");
    await expect(machines.agent(web, "guest-exec", { path: "/bin/true" })).rejects.toThrow(/guest-exec/u);
    await machines.pause(web);
    const copy = image("copy.raw", "raw");
    await machines.copyImage(webDisk, copy);
    await machines.resume(web);
    expect(await machines.agent(web, "guest-fsfreeze-thaw")).toBe(1);
    expect(await machines.agent(web, "guest-fsfreeze-status")).toBe("thawed");
    const fileSystem = `${copy.path}?offset=${2048 * 512}`;
    await run("e2fsck", ["-f", "-n", fileSystem]);
    expect(await run("debugfs", ["-R", "cat /root/mark", fileSystem])).toBe("kept\n");
    expect(Number(await run("stat", ["-c", "%b", copy.path])) * 512).toBeLessThan(GiB);
  });

  test("memory that was saved goes on where it was, also on a disk that changed since", async () => {
    await inGuest(machines, web, "systemd-run --unit=counter sh -c 'while :; do sleep 1; done'");
    const identity = "cat /proc/sys/kernel/random/boot_id; systemctl show --value -p MainPID counter";
    const before = await inGuest(machines, web, identity);
    const [memory, disk] = [join(layout.server, "images", "memory"), image("snapshot.qcow2", "qcow2")];
    await machines.createImage({ path: memory, format: "raw" }, GiB);
    await machines.pause(web);
    await machines.saveMemory(web, memory);
    expect(await machines.imageSize({ path: memory, format: "raw" })).toBe(GiB);
    await machines.copyImage(webDisk, disk);
    await machines.resume(web);
    expect(await inGuest(machines, web, identity)).toBe(before);
    await inGuest(machines, web, "echo later > /root/mark; sync");
    await machines.stop(web);
    expect(await machines.isRunning(web)).toBe(false);
    await machines.copyImage(disk, webDisk);
    await machines.start(web, memory);
    expect(await inGuest(machines, web, identity)).toBe(before);
    expect(await inGuest(machines, web, "cat /root/mark")).toBe("kept");
    expect(await ssh("192.0.2.201", "hostname")).toBe("web");
  });

  test("memory that is cut off is no machine that runs", async () => {
    const memory = join(layout.server, "images", "memory");
    const part = join(layout.server, "images", "part");
    await machines.stop(web);
    await run("cp", [memory, part]);
    await run("truncate", ["--size=50M", part]);
    await expect(machines.start(web, part)).rejects.toThrow("part is no memory of this machine");
    expect(await machines.isRunning(web)).toBe(false);
    await machines.copyImage(image("snapshot.qcow2", "qcow2"), webDisk);
    await machines.start(web, memory);
    expect(await machines.agent(web, "guest-ping")).toEqual({});
  });

  test("a second one with the same id on another node runs beside it, behind the firewall's bridge [B1]", async () => {
    await prepare(db, dbDisk, dbSeed, 2 * GiB);
    await machines.start(db);
    await untilBooted(machines, db);
    expect(await ssh("192.0.2.202", "hostname")).toBe("db");
    const links = await site.inside("ip", "-brief", "link");
    expect(links.stdout).toMatch(/^v1-201i0 .*\n(.*\n)*b1-201i0 /mu);
    expect(await inGuest(machines, db, "ping -c 1 -W 30 192.0.2.201 > /dev/null; echo $?")).toBe("0");
  });

  test("a running machine sees at once that its disk grew", async () => {
    const size = "blockdev --getsize64 /dev/disk/by-path/*scsi-0:0:0:0";
    expect(await inGuest(machines, web, size)).toBe(String(3 * GiB));
    await machines.growImage(webDisk, 4 * GiB, { ...web, drive: "scsi0" });
    expect(await inGuest(machines, web, size)).toBe(String(4 * GiB));
    expect(await machines.imageSize(webDisk)).toBe(4 * GiB);
  });

  test("machines outlive an emulator that is killed, and another one knows them", async () => {
    const { pid } = statusSchema.parse(JSON.parse((await site.sandbox("status", "--json")).stdout));
    process.kill(pid, "SIGKILL");
    const processes = [await machines.processId(web), await machines.processId(db)];
    expectExit(await site.sandbox("up", "--driver", "real"), [0], "the sandbox again");
    machines = new QemuMachines(siteNames(layout.server), nodes);
    expect([await machines.processId(web), await machines.processId(db)]).toEqual(processes);
    await untilAgentAnswers(machines, web);
    expect((await site.sandbox("status")).stdout).toMatch(/machine +lifeboat-\w+-pve-lab-201/u);
  });

  test("the power button ends a machine, whose image can grow then, and the reset button starts one anew", async () => {
    expect(await machines.shutdown(web, 600)).toBe(true);
    expect(await machines.processId(web)).toBeUndefined();
    expect(existsSync(join(siteNames(layout.server).machinesFolder, "pve-prod-201"))).toBe(false);
    await machines.growImage(webDisk, 5 * GiB, undefined);
    expect(await machines.imageSize(webDisk)).toBe(5 * GiB);
    await run("qemu-img", ["check", "-q", webDisk.path]);
    await machines.reset(db);
    await expect(machines.agent(db, "guest-ping")).rejects.toThrow(AgentSilent);
    expect(await machines.isRunning(db)).toBe(true);
  });

  test("down after a crash leaves neither processes nor devices nor files", async () => {
    const names = siteNames(layout.server);
    const { pid } = statusSchema.parse(JSON.parse((await site.sandbox("status", "--json")).stdout));
    const machinePid = (await machines.processId(db)) ?? 0;
    expect(isAlive(machinePid)).toBe(true);
    process.kill(pid, "SIGKILL");
    expectExit(await site.sandbox("down"), [0], "down");
    expect(isAlive(machinePid)).toBe(false);
    expect(findMachines((name) => name.startsWith(names.guestPrefix)).size).toBe(0);
    expect(existsSync(`/run/netns/${names.namespace}`)).toBe(false);
    expect(existsSync(layout.folder)).toBe(false);
  });
});
