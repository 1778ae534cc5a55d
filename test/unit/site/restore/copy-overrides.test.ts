import { copyOverrides } from "../../../../site/restore/copy-overrides";

const mac = "BC:24:11:00:00:01";
const web = {
  hostname: "web.example.org",
  onboot: "1",
  tags: "lifeboat;web",
  net0: `name=eth0,bridge=vmbr0,gw=192.0.2.1,hwaddr=${mac},ip=192.0.2.101/24,type=veth`,
  net1: "name=eth1,bridge=vmbr1,hwaddr=BC:24:11:00:00:02,ip=dhcp,type=veth",
};
const options = { kind: "lxc", targetId: 190, sourceId: 101, archive: "backup:backup/a.tar.zst" } as const;

it("a copy has neither MAC, nor address, nor autostart, nor mark of its original [D10]", () => {
  const { parameters, name } = copyOverrides(web, options);
  expect(name).toBe("web-190.example.org");
  expect(parameters["hostname"]).toBe(name);
  expect(parameters["onboot"]).toBe(false);
  expect(parameters["protection"]).toBe(false);
  expect(parameters["tags"]).toBe("lifeboat-copy;web");
  expect(parameters["description"]).not.toMatch(/lifeboat: /);
  const text = JSON.stringify(parameters);
  for (const taken of [mac, "BC:24:11:00:00:02", "192.0.2.101", "192.0.2.1"]) expect(text).not.toContain(`=${taken}`);
  expect(parameters["net0"]).toMatch(/ip=manual/);
  expect(parameters["net0"]).toMatch(/link_down=1/);
  expect(parameters["net1"]).toMatch(/ip=dhcp/);
});

it("does not send `unique` for a container: Proxmox would then take the archive's interfaces [D10]", () => {
  expect(copyOverrides(web, options).parameters).not.toHaveProperty("unique");
  expect(
    copyOverrides({ name: "vm", net0: `virtio=${mac},bridge=vmbr0` }, { ...options, kind: "qemu" }).parameters,
  ).toMatchObject({ unique: true, name: "vm-190", onboot: false });
});

it("gives interfaces MAC addresses that are local, different, and the same for the same plan [D10]", () => {
  expect(macs(190)).toEqual(macs(190));
  expect(new Set([...macs(190), ...macs(191), mac]).size).toBe(5);
  for (const found of macs(190)) expect(Number.parseInt(found.slice(0, 2), 16) & 3).toBe(2);
});

it("takes an address of its own where one is given [D10]", () => {
  const { parameters } = copyOverrides(web, { ...options, address: { ip: "192.0.2.190/24", gateway: "192.0.2.1" } });
  expect(parameters["net0"]).toMatch(/ip=192\.0\.2\.190\/24/);
  expect(parameters["net0"]).not.toMatch(/link_down/);
});

/** MAC addresses of a copy's interfaces. */
function macs(targetId: number): string[] {
  return ["net0", "net1"].map((key) => {
    const { parameters } = copyOverrides(web, { ...options, targetId });
    return /hwaddr=([0-9A-F:]{17})/.exec(String(parameters[key]))?.[1] ?? "";
  });
}
