import { drillParameters, fixedAddress, probeAddress } from "../../../../site/drill/copy-parameters";
import { drillGroups } from "../../../../site/drill/groups";
import { whyNotIsolated } from "../../../../site/drill/isolation";
import { copyTime, formatDrillNotes, longestDrill, readDrillMark, verdictOn } from "../../../../site/drill/mark";
import { readProof, withProof } from "../../../../site/drill/proof-notes";

const mark = { operation: "99-20261122", time: 1_790_000_000, by: "anna@desk" };

test("the mark is the last line of the notes, and nothing that is quoted above it [G2]", () => {
  expect(readDrillMark(formatDrillNotes("Copy of web.", mark))).toEqual(mark);
  expect(readDrillMark(formatDrillNotes("Copy.", { ...mark, by: "anna b@desk" }))?.by).toBe("anna-b@desk");
  expect(readDrillMark(`${formatDrillNotes("Copy.", mark)}\nmine by now`)).toBeUndefined();
  expect(readDrillMark("lifeboat copy 99-1")).toBeUndefined();
  expect(readDrillMark(undefined)).toBeUndefined();
});

test("a copy's mark has the time of the copy: a drill of seven hours is at work with its last one, and another machine leaves that alone [G2, K6]", () => {
  const begunAt = "2026-11-22T06:00:00.000Z";
  const [planned, later] = [1_000_000, new Date("2026-11-22T13:00:00.400Z")];
  const last = { ...mark, time: copyTime(planned, begunAt, later) };
  expect(last.time).toBe(planned + 7 * 3600);
  expect(verdictOn(last, false, planned + 7 * 3600 + 60)).toBe("alive");
  expect(copyTime(planned, begunAt, new Date("2026-11-22T05:00:00Z"))).toBe(planned);
});

test.each([
  [true, 0, "reap"],
  [false, 60, "alive"],
  [false, longestDrill + 1, "reap"],
  [false, -3600, "unknown"],
] as const)("a copy whose drill is of this machine (%s) and %d s old: %s [G2, K6]", (isOwn, age, verdict) => {
  expect(verdictOn(mark, isOwn, mark.time + age)).toBe(verdict);
});

test("guests that need each other are one group, what is needed first, and nobody is in two [G2]", () => {
  const all = [
    { name: "app", needs: ["db", "cache"] },
    { name: "cache" },
    { name: "db", needs: ["disk"] },
    { name: "disk" },
    { name: "jobs", needs: ["db"] },
    { name: "web" },
  ];
  const names = (wanted: string[]) =>
    drillGroups(
      all,
      wanted.map((name) => all.find((one) => one.name === name) ?? { name }),
    ).map((group) => group.map(({ name }) => name));
  expect(names(["web", "app"])).toEqual([["web"], ["disk", "db", "cache", "app"]]);
  expect(names(["app", "web", "jobs"])).toEqual([["disk", "db", "cache", "app", "jobs"], ["web"]]);
  expect(names(["jobs", "cache", "app"])).toEqual([["disk", "db", "jobs", "cache", "app"]]);
});

const bridge = { iface: "vmbr9", type: "bridge", bridge_ports: "", method: "manual", method6: "manual" };

test.each([
  [[bridge], undefined],
  [[{ ...bridge, bridge_ports: "none" }], undefined],
  [[], "the node has no such bridge"],
  [[{ ...bridge, bridge_ports: "eno1 eno2" }], "it has the port eno1, eno2"],
  [[{ ...bridge, cidr6: "2001:db8::1/64" }], "the node has the address 2001:db8::1/64 on it"],
  [[{ ...bridge, method: "dhcp" }], "the node gets an address on it (dhcp)"],
  [[{ ...bridge, type: "OVSBridge" }], "it is of type OVSBridge, of which nothing is known here"],
  [[{ ...bridge, type: "vnet" }], "it is of type vnet, of which nothing is known here"],
  [[bridge, { iface: "vmbr9.7", type: "vlan" }], "vmbr9.7 is on top of it"],
  [[bridge, { iface: "seven", type: "vlan", "vlan-raw-device": "vmbr9" }], "seven is on top of it"],
  [[bridge, { iface: "vmbr1", type: "bridge", bridge_ports: "eno1 vmbr9.7" }], "vmbr1 is on top of it"],
])("%j leads nowhere, or: %s [G2, K6]", (interfaces, why) => {
  expect(whyNotIsolated("vmbr9", interfaces)).toBe(why);
});

test("every card of a machine is on the bridge with another MAC, up, and without VLAN and firewall [G2]", () => {
  const archived = {
    name: "db",
    net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=7,queues=2",
    net1: "e1000=BC:24:11:00:00:02,bridge=vmbr1,link_down=1,trunks=5;6",
    ipconfig0: "ip=192.0.2.101/24,gw=192.0.2.1",
    onboot: "1",
  };
  const parameters = drillParameters(archived, { kind: "qemu", targetId: 9000, bridge: "vmbr9" });
  expect(parameters).toEqual({
    name: "db",
    onboot: false,
    protection: false,
    tags: "lifeboat-drill",
    net0: expect.stringContaining("queues=2"),
    net1: expect.stringContaining("bridge=vmbr9"),
  });
  for (const card of [parameters["net0"], parameters["net1"]]) {
    expect(card).not.toMatch(/vmbr[01]\b|BC:24:11|tag=|trunks=|link_down|firewall=/u);
    expect(card).toContain("bridge=vmbr9");
  }
  expect(fixedAddress("qemu", archived)).toEqual({ cidr: "192.0.2.101/24", gateway: "192.0.2.1" });
  expect(fixedAddress("qemu", { ipconfig0: "ip=dhcp" })).toBeUndefined();
  expect(fixedAddress("lxc", { net0: "name=eth0,bridge=vmbr0,ip=dhcp" })).toBeUndefined();
});

test("who asks has the gateway's address, or the highest that no guest has [G2]", () => {
  const guest = { cidr: "192.0.2.101/24", gateway: "192.0.2.1" };
  expect(probeAddress(guest, new Set())).toEqual({ host: "192.0.2.101", from: "192.0.2.1/24" });
  expect(probeAddress(guest, new Set(["192.0.2.1", "192.0.2.254"]))?.from).toBe("192.0.2.253/24");
  expect(probeAddress({ cidr: "192.0.2.254/30", gateway: undefined }, new Set())?.from).toBe("192.0.2.253/30");
  expect(probeAddress({ cidr: "192.0.2.253/30", gateway: undefined }, new Set(["192.0.2.254"]))).toBeUndefined();
  expect(probeAddress({ cidr: "192.0.2.1/32", gateway: undefined }, new Set())).toBeUndefined();
});

describe("a proof in an archive's notes", () => {
  const name = "backup/vzdump-lxc-101-2026_11_22-01_00_00.tar.zst";
  const volid = `backup:${name}`;
  const first = withProof("web (101) on pve\nverified by somebody", volid, {
    proven: true,
    at: "2026-11-22T06:00:00.000Z",
    seconds: 41.6,
  });

  test("stands beside whatever is there, once, and is read again [G2]", () => {
    expect(first).toBe(
      `web (101) on pve\nverified by somebody\nlifeboat proven 2026-11-22T06:00:00.000Z 42 s of ${name}`,
    );
    const second = withProof(first, volid, { proven: false, at: "2026-11-29T06:00:00.000Z" });
    expect(second).toBe(
      `web (101) on pve\nverified by somebody\nlifeboat not proven 2026-11-29T06:00:00.000Z of ${name}`,
    );
    expect(readProof(first, volid)).toEqual({ proven: true, at: "2026-11-22T06:00:00.000Z", seconds: 42 });
    expect(readProof(second, volid)).toEqual({ proven: false, at: "2026-11-29T06:00:00.000Z" });
    expect(readProof("proven by anna", volid)).toBeUndefined();
  });

  test("counts for the archive that it names alone, on whatever storage; one that names none is of an earlier version [G2]", () => {
    const other = "backup:backup/vzdump-lxc-101-2026_11_23-01_00_00.tar.zst";
    expect(readProof(first, other)).toBeUndefined();
    expect(readProof(first, `offsite:${name}`)).toMatchObject({ proven: true });
    expect(readProof("lifeboat proven 2026-11-22T06:00:00Z 42 s", other)).toMatchObject({ proven: true });
    // The other's own drill takes the place of what was copied.
    const own = withProof(first, other, { proven: false, at: "2026-11-29T06:00:00.000Z" });
    expect([own.match(/^lifeboat /gmu)?.length, readProof(own, other)?.proven]).toEqual([1, false]);
  });
});
