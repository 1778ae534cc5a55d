import { tokenCaller } from "../../../sandbox/model/access";
import { TestSite } from "./support";

/**
 * What an option of a virtual machine needs, by option: each is tried with everything but that one privilege. Source:
 * recordings of the real API, and qemu-server 9.2.
 */
let site: TestSite;

const caller = tokenCaller("operator@pve", "tok");

/** Whoever may all this makes and changes machines; what only root or a mapping gives is not among it. */
const full = [
  "VM.Allocate",
  "VM.Audit",
  "VM.Config.CDROM",
  "VM.Config.CPU",
  "VM.Config.Cloudinit",
  "VM.Config.Disk",
  "VM.Config.HWType",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.PowerMgmt",
  "Datastore.AllocateSpace",
  "SDN.Use",
];

/** Nobody has the other half: its 32 bytes are all the same. */
const PUBLIC_KEY = encodeURIComponent(
  `ssh-ed25519 ${Buffer.concat([Buffer.from("\0\0\0\vssh-ed25519\0\0\0 ", "latin1"), Buffer.alloc(32, 7)]).toString("base64")}`,
);

beforeAll(async () => {
  site = await TestSite.open();
});

afterAll(() => site.close());

beforeEach(() => grant(full));

function grant(privileges: readonly string[]): void {
  const { access } = site.node.cluster.state;
  access.roles = [{ roleid: "Mine", privileges: [...privileges] }];
  access.acl = [{ path: "/", type: "user", ugid: "operator@pve", roleid: "Mine", propagate: true }];
}

function without(...missing: readonly string[]): void {
  grant(full.filter((privilege) => !missing.includes(privilege)));
}

type Options = Record<string, string>;

async function refusedCreation(options: Options): Promise<string> {
  const refusal = await site.refusal("POST", "/nodes/pve/qemu", { vmid: 200, ...options }, caller);
  expect(site.node.cluster.guest(200)).toBeUndefined();
  return `${String(refusal.status)} ${refusal.message}`;
}

/** Makes the machine and takes it away again. */
async function creation(options: Options): Promise<string | undefined> {
  const { status } = await site.task("POST", "/nodes/pve/qemu", { vmid: 200, ...options }, caller);
  if (site.node.cluster.guest(200) !== undefined) await site.task("DELETE", "/nodes/pve/qemu/200");
  return status;
}

describe("on creation", () => {
  const onGuest: readonly [string, Options][] = [
    ["VM.Config.CPU", { cores: "2" }],
    ["VM.Config.CPU", { cpu: "host" }],
    ["VM.Config.CPU", { numa0: "cpus=0" }],
    ["VM.Config.CPU", { sockets: "1" }],
    ["VM.Config.Memory", { memory: "256" }],
    ["VM.Config.Memory", { balloon: "0" }],
    ["VM.Config.Memory", { "allow-ksm": "1" }],
    ["VM.Config.HWType", { acpi: "1" }],
    ["VM.Config.HWType", { hotplug: "disk" }],
    ["VM.Config.HWType", { kvm: "0" }],
    ["VM.Config.HWType", { smbios1: "uuid=1e58d8a8-5a5c-4bd8-8f8b-2f2a7a6b0a55" }],
    ["VM.Config.HWType", { scsihw: "virtio-scsi-single" }],
    ["VM.Config.HWType", { serial0: "socket" }],
    ["VM.Config.HWType", { usb0: "spice" }],
    ["VM.Config.HWType", { rng0: "source=/dev/urandom" }],
    ["VM.Config.Options", { agent: "1" }],
    ["VM.Config.Options", { bios: "ovmf" }],
    ["VM.Config.Options", { description: "x" }],
    ["VM.Config.Options", { startup: "order=1" }],
    ["VM.Config.Disk", { boot: "order=net0" }],
    ["VM.Config.Disk", { virtiofs0: "dirid=share" }],
    ["VM.Config.Network", { net0: "virtio,bridge=vmbr0" }],
  ];

  test.each(onGuest)("%s is needed for %j", async (privilege, options) => {
    without(privilege);
    expect(await refusedCreation(options)).toBe(`403 Permission check failed (/vms/200, ${privilege})`);
  });

  const elsewhere: readonly [string, Options][] = [
    ["/storage/local, Datastore.AllocateSpace", { scsi0: "local:1" }],
    ["/storage/data, Datastore.AllocateSpace", { efidisk0: "data:1" }],
    ["/storage/local, Datastore.AllocateSpace", { vmstatestorage: "local" }],
    ["/sdn/zones/localnetwork/vmbr0, SDN.Use", { net0: "virtio,bridge=vmbr0" }],
    ["/sdn/zones/localnetwork/vmbr0/7, SDN.Use", { net0: "virtio,bridge=vmbr0,tag=7" }],
  ];

  test.each(elsewhere)("%s is needed for %j", async (missing, options) => {
    without(missing.split(", ")[1] ?? "");
    expect(await refusedCreation(options)).toBe(`403 Permission check failed (${missing})`);
  });

  test.each(["ciuser", "cipassword", "ipconfig0", "sshkeys", "nameserver"])(
    "VM.Config.Cloudinit or VM.Config.Network is needed for %s",
    async (option) => {
      const values = new Map([
        ["ipconfig0", "ip=dhcp"],
        ["nameserver", "192.0.2.1"],
        ["sshkeys", PUBLIC_KEY],
      ]);
      const options = { [option]: values.get(option) ?? "ops" };
      without("VM.Config.Cloudinit", "VM.Config.Network");
      expect(await refusedCreation(options)).toBe(
        "403 Permission check failed (/vms/200, VM.Config.Cloudinit|VM.Config.Network)",
      );
      for (const one of ["VM.Config.Cloudinit", "VM.Config.Network"]) {
        without(one);
        expect(await creation(options)).toBe("OK");
      }
    },
  );

  const hostWide: readonly [string, Options][] = [
    ["403 Permission check failed (/, Sys.Console)", { ide3: "cdrom,media=cdrom" }],
    ["403 Permission check failed (/, Sys.Modify)", { startup: "order=1" }],
    ["403 Permission check failed (/mapping/pci/gpu, Mapping.Use)", { hostpci0: "mapping=gpu" }],
    ["500 only root can set 'usb0' config for real devices", { usb0: "host=1234:5678" }],
    ["500 only root can set 'serial0' config for real devices", { serial0: "/dev/ttyS0" }],
    ["500 only root can set 'args' config", { args: "-no-hpet" }],
    ["500 Only root can pass arbitrary filesystem paths.", { scsi0: "/dev/sda" }],
    ["500 Only root can pass arbitrary filesystem paths.", { scsi0: "local:0,import-from=/tmp/x.qcow2" }],
  ];

  test.each(hostWide)("an operator's token gets %s for %j", async (refusal, options) => {
    expect(await refusedCreation(options)).toContain(refusal);
  });

  test("an empty CD drive and a drive for cloud-init need nothing of their own", async () => {
    without("VM.Config.Disk", "VM.Config.CDROM", "VM.Config.Cloudinit", "Datastore.AllocateSpace");
    expect(await creation({ ide3: "none,media=cdrom", ide2: "local:cloudinit" })).toBe("OK");
  });

  test("tags without VM.Config.Options fail inside the task, and leave nothing", async () => {
    without("VM.Config.Options");
    expect(await creation({ tags: "web" })).toBe(
      "unable to create VM 200 - 403 Permission check failed (/vms/200, VM.Config.Options)",
    );
    expect(site.node.cluster.guest(200)).toBeUndefined();
  });
});

describe("on a change", () => {
  beforeAll(async () => {
    const options = { vmid: 210, scsi0: "local:1", ide2: "none,media=cdrom", net0: "virtio,bridge=vmbr0" };
    await site.task("POST", "/nodes/pve/qemu", options);
  });

  const changes: readonly [string, Options][] = [
    ["/vms/210, VM.Config.Disk", { scsi1: "local:1" }],
    ["/vms/210, VM.Config.Disk", { delete: "scsi0" }],
    ["/vms/210, VM.Config.CDROM", { ide2: "none,media=cdrom" }],
    ["/vms/210, VM.Config.CDROM", { delete: "ide2" }],
    ["/vms/210, VM.Config.CDROM", { ide0: "local:cloudinit" }],
    ["/vms/210, VM.Config.Cloudinit", { ide0: "local:cloudinit" }],
    ["/vms/210, VM.Config.HWType", { serial0: "socket" }],
    ["/vms/210, VM.Config.Network", { delete: "net0" }],
    ["/sdn/zones/localnetwork/vmbr0, SDN.Use", { delete: "net0" }],
    ["/vms/210, VM.Config.Options", { tags: "web" }],
    ["/storage/local, Datastore.AllocateSpace", { scsi1: "local:1" }],
  ];

  test.each(changes)("%s is needed for %j, and nothing has changed without it", async (missing, options) => {
    const before = site.node.cluster.guest(210)?.configuration;
    without(missing.split(", ")[1] ?? "");
    const refusal = await site.refusal("PUT", "/nodes/pve/qemu/210/config", options, caller);
    expect(refusal).toMatchObject({ status: 403, message: `Permission check failed (${missing})` });
    expect(site.node.cluster.guest(210)?.configuration).toBe(before);
  });
});
