import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { operator, TestSite } from "./support";

/** Virtual machines that do not run: disks, cloud-init and configuration. */
let site: TestSite;

beforeAll(async () => {
  site = await TestSite.open();
});

afterAll(() => site.close());

const image = "local:import/tiny.qcow2";

/** Puts a file into a storage of the node. */
async function put(path: string, content: Buffer): Promise<void> {
  const file = site.node.path(path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

function alsoHolds(content: string): void {
  for (const { storage, options } of site.node.cluster.state.storages) {
    if (storage === "local") options["content"] = `${options["content"] ?? ""},${content}`;
  }
}

/** The head of a qcow2 image whose disk has this many bytes. */
function qcowHead(size: number): Buffer {
  const head = Buffer.alloc(512);
  head.write("QFI\u00fb", "latin1");
  head.writeBigUInt64BE(BigInt(size), 24);
  return head;
}

async function machine(vmid: number, parameters: Record<string, string>): Promise<void> {
  const made = await site.task("POST", "/nodes/pve/qemu", { vmid, name: `vm${vmid}`, ...parameters });
  expect(made.status).toBe("OK");
}

async function config(vmid: number): Promise<Record<string, unknown>> {
  return { ...((await site.call("GET", `/nodes/pve/qemu/${vmid}/config`)) as object) };
}

test("cloud-init gets a drive of its own, which goes with the machine", async () => {
  await machine(210, { ide2: "local:cloudinit", scsi0: "local:1,format=qcow2", ciuser: "ops", ipconfig0: "ip=dhcp" });
  expect(await config(210)).toMatchObject({ ide2: "local:210/vm-210-cloudinit.qcow2,media=cdrom", ciuser: "ops" });
  expect(await site.call("PUT", "/nodes/pve/qemu/210/cloudinit")).toBeNull();
  await site.task("DELETE", "/nodes/pve/qemu/210", {});
  expect(site.node.cluster.state.volumes.filter(({ volid }) => volid.includes("vm-210"))).toEqual([]);
});

test("cloud-init's password is told to nobody, not even among what waits", async () => {
  await machine(209, { ide2: "local:cloudinit", cipassword: "not-a-secret" });
  expect(await config(209)).toMatchObject({ cipassword: "**********" });
  expect(await site.call("GET", "/nodes/pve/qemu/209/pending")).toContainEqual({
    key: "cipassword",
    value: "**********",
  });
  await site.task("DELETE", "/nodes/pve/qemu/209", {});
});

test.each(["get-timezone", "get-users", "get-vcpus", "get-memory-blocks"])(
  "the agent is asked for %s of a machine that runs, by whoever may look",
  async (command) => {
    await machine(208, { agent: "1" });
    const path = `/nodes/pve/qemu/208/agent/${command}`;
    expect((await site.refusal("GET", path)).message).toBe("VM 208 is not running");
    expect((await site.refusal("GET", path, {}, operator)).message).toBe(
      "Permission check failed (/vms/208, VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted)",
    );
    await site.task("DELETE", "/nodes/pve/qemu/208", {});
  },
);

test("an imported disk is as large as the image's disk, and has its content", async () => {
  alsoHolds("import");
  await put("/var/lib/vz/import/tiny.qcow2", qcowHead(3 * 1024 ** 3));
  await machine(211, { scsi0: `local:0,import-from=${image},format=qcow2` });
  expect(await config(211)).toMatchObject({ scsi0: "local:211/vm-211-disk-0.qcow2,size=3G" });
  const missing = await site.task("POST", "/nodes/pve/qemu", {
    vmid: 212,
    scsi0: "local:0,import-from=local:import/no.qcow2",
  });
  expect(missing.status).toContain("volume 'local:import/no.qcow2' does not exist");
});

test("a disk grows, takes its present size for done, and never shrinks", async () => {
  await machine(213, { virtio0: "local:1,format=raw" });
  const resize = { disk: "virtio0", size: "2G" };
  expect((await site.task("PUT", "/nodes/pve/qemu/213/resize", resize)).status).toBe("OK");
  expect((await site.task("PUT", "/nodes/pve/qemu/213/resize", resize)).status).toBe("OK");
  expect(await config(213)).toMatchObject({ virtio0: "local:213/vm-213-disk-0.raw,size=2G" });
  const smaller = await site.task("PUT", "/nodes/pve/qemu/213/resize", { disk: "virtio0", size: "1G" });
  expect(smaller.status).toBe("shrinking disks is not supported");
});

test("a download is whole or not there, and never replaces a file", async () => {
  const server = createServer((_request, response) => response.end("an image"));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/tiny.iso`;
  alsoHolds("iso");
  const path = "/nodes/pve/storage/local/download-url";
  const request = { url, content: "iso", filename: "tiny.iso" };
  try {
    expect(await site.call("GET", "/nodes/pve/query-url-metadata", { url })).toMatchObject({
      filename: "tiny.iso",
      size: 8,
    });
    const sum = { checksum: "00", "checksum-algorithm": "sha256" };
    expect((await site.task("POST", path, { ...request, ...sum })).status).toContain("checksum mismatch");
    expect(await site.call("GET", "/nodes/pve/storage/local/content", { content: "iso" })).toEqual([]);
    expect((await site.task("POST", path, request)).status).toBe("OK");
    expect((await site.task("POST", path, request)).status).toContain("refusing to override existing file");
    expect(await site.call("GET", "/nodes/pve/storage/local/content", { content: "iso" })).toMatchObject([
      { volid: "local:iso/tiny.iso", size: 8 },
    ]);
  } finally {
    server.close();
  }
});
