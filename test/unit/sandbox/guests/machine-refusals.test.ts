import { operatorToken, TestSite } from "./support";

/** What machines refuse, in which words, and whether at once or in the task. Nothing here changes machine 120 or 130. */
let site: TestSite;

const MACHINE = "/nodes/pve/qemu/120";

beforeAll(async () => {
  site = await TestSite.open();
  const parameters = { vmid: 120, name: "db", scsi0: "local:0.03125,format=raw", vga: "qxl2,clipboard=vnc" };
  await site.task("POST", "/nodes/pve/qemu", parameters);
  const other = { vmid: 130, virtio0: "local:0.03125,format=qcow2", vga: "std" };
  await site.task("POST", "/nodes/pve/qemu", other);
  await site.task("POST", "/nodes/pve/qemu/130/snapshot", { snapname: "one" });
  site.grant("operator@pve", "/", "VM.PowerMgmt");
});

afterAll(() => site.close());

test.each([
  ["start", "stateuri"],
  ["start", "migratedfrom"],
  ["start", "force-cpu"],
  ["stop", "keepActive"],
  ["stop", "migratedfrom"],
  ["shutdown", "keepActive"],
  ["resume", "nocheck"],
  ["reset", "skiplock"],
])("status/%s takes %s from root alone [A2]", async (action, option) => {
  expect(await site.refusal("POST", `${MACHINE}/status/${action}`, { [option]: "1" }, operatorToken)).toMatchObject({
    status: 400,
    errors: { [option]: "Only root may use this option." },
  });
});

test.each(["reboot", "reset", "suspend", "resume"])(
  "status/%s says that the machine does not run [A2]",
  async (action) => {
    expect(await site.refusal("POST", `${MACHINE}/status/${action}`)).toMatchObject({ message: "VM 120 not running" });
  },
);

test.each(["reboot", "reset", "suspend", "resume"])("status/%s looks for the machine first [A2]", async (action) => {
  expect(await site.refusal("POST", `/nodes/pve/qemu/999/status/${action}`)).toMatchObject({
    message: "unable to find configuration file for VM 999 on node 'pve'",
  });
});

test.each([
  ["start", "Configuration file 'nodes/pve/qemu-server/999.conf' does not exist"],
  ["stop", "unable to find configuration file for VM 999 on node 'pve'"],
  ["shutdown", "unable to find configuration file for VM 999 on node 'pve'"],
])("status/%s of a machine that is not there fails in its task [A2]", async (action, status) => {
  expect(await site.task("POST", `/nodes/pve/qemu/999/status/${action}`)).toMatchObject({ status });
});

test.each([
  ["POST", "/nodes/pve/qemu/999/clone", { newid: 140 }, "unable to find configuration file for VM 999 on node 'pve'"],
  [
    "GET",
    "/nodes/pve/qemu/999/feature",
    { feature: "copy" },
    "unable to find configuration file for VM 999 on node 'pve'",
  ],
  ["POST", `${MACHINE}/clone`, { newid: 140, target: "none" }, "no such cluster node 'none'"],
  ["POST", `${MACHINE}/clone`, { newid: 140, full: 1, storage: "none" }, "storage 'none' does not exist"],
  [
    "POST",
    `${MACHINE}/clone`,
    { newid: 140, full: 0 },
    "Linked clone feature is not supported for 'local:120/vm-120-disk-0.raw' (scsi0)",
  ],
  [
    "POST",
    "/nodes/pve/qemu/130/clone",
    { newid: 140, full: 0, snapname: "one" },
    "Linked clone feature is not supported for a snapshot of 'local:130/vm-130-disk-0.qcow2' (virtio0)",
  ],
  ["POST", `${MACHINE}/snapshot`, { snapname: "Pending" }, "unable to use snapshot name 'pending' (reserved name)"],
] as const)("%s %s with %j [A2]", async (method, path, parameters, message) => {
  expect(await site.refusal(method, path, { ...parameters })).toMatchObject({ message });
});

test("a snapshot's configuration is not asked for together with the present one [A2]", async () => {
  const text = "cannot use 'snapshot' parameter with 'current'";
  expect(await site.refusal("GET", "/nodes/pve/qemu/130/config", { snapshot: "one", current: 1 })).toMatchObject({
    status: 400,
    errors: { snapshot: text, current: text },
  });
});

test("the status tells SPICE and the clipboard of a display that the configuration names [A2]", async () => {
  expect(await site.call("GET", `${MACHINE}/status/current`)).toMatchObject({ spice: 1, clipboard: "vnc" });
  const standard = await site.call("GET", "/nodes/pve/qemu/130/status/current");
  expect(standard).toMatchObject({ clipboard: null });
  expect(standard).not.toHaveProperty("spice");
});

test.each([
  ["copy", "one", 1],
  ["clone", "one", 0],
  ["snapshot", "one", 1],
  ["clone", undefined, 0],
] as const)("feature %s of snapshot %s in a folder is told as %i [A2]", async (feature, snapname, hasFeature) => {
  const wanted = { feature, ...(snapname === undefined ? {} : { snapname }) };
  expect(await site.call("GET", "/nodes/pve/qemu/130/feature", wanted)).toMatchObject({ hasFeature });
});

test("a lock stops neither the end of a machine that does not run nor the request to destroy it, but the task [A2]", async () => {
  const guest = site.node.cluster.guest(120);
  const before = guest?.configuration ?? "";
  if (guest !== undefined) guest.configuration = `${before}lock: backup\n`;
  expect(await site.task("POST", `${MACHINE}/status/stop`)).toMatchObject({ status: "OK" });
  expect(await site.task("POST", `${MACHINE}/status/start`)).toMatchObject({ status: "VM is locked (backup)" });
  expect(await site.task("DELETE", MACHINE)).toMatchObject({ status: "VM is locked (backup)" });
  if (guest !== undefined) guest.configuration = before;
});

const UNKNOWN = "property is not defined in schema and the schema does not allow additional properties";

test.each([
  ["scsi1", "local:1,foo=1", `format error\nscsi1.foo: ${UNKNOWN}`],
  ["scsi1", "local:1,size=1G,size=2G", "duplicate key in comma-separated list property: size"],
  ["net0", "virtio,bridge=vmbr0,foo=1", `format error\nnet0.foo: ${UNKNOWN}`],
  [
    "vga",
    "fancy",
    "format error\nvga.type: value 'fancy' does not have a value in the enumeration 'cirrus, qxl, qxl2, qxl3, qxl4, none, serial0, serial1, serial2, serial3, std, virtio, virtio-gl, vmware'",
  ],
  ["agent", "type=virtio", "format error\nagent.enabled: property is missing and it is not optional"],
  ["agent", "maybe", "format error\nagent.enabled: type check ('boolean') failed - got 'maybe'"],
  ["boot", "order=scsi0;floppy0", "format error\nboot.order: invalid format - invalid boot device 'floppy0'\n"],
  ["boot", "x", "format error\nboot.legacy: value does not match the regex pattern"],
  ["hotplug", "disk,fan", "invalid hotplug feature 'fan'"],
  ["affinity", "all", "unable to parse cpuset option"],
  ["ipconfig0", "gw=192.0.2.1", "format error\nipconfig0.ip: missing property required by 'ipconfig0.gw'"],
  ["machine", "amiga", "format error\nmachine.type: value does not match the regex pattern"],
  ["usb0", "stick", "format error\nusb0.host: value does not match the regex pattern"],
  [
    "watchdog",
    "action=bark",
    "format error\nwatchdog.action: value 'bark' does not have a value in the enumeration 'reset, shutdown, poweroff, pause, debug, none'",
  ],
  ["memory", "current=512,foo=1", `format error\nmemory.foo: ${UNKNOWN}`],
])("the option %s refuses %s [A2]", async (key, value, problem) => {
  expect(await site.refusal("PUT", `${MACHINE}/config`, { [key]: value })).toMatchObject({
    status: 400,
    errors: { [key]: `invalid format - ${problem}\n` },
  });
});
