import { parseSettings } from "../../../../site/settings/parse-settings";

const base = {
  profile: "prod",
  proxmox: { endpoint: "https://192.0.2.11:8006", node: "pve-prod" },
  backup: { storage: { id: "backup", adopt: true } },
};

const container = {
  kind: "container",
  id: 101,
  template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
  root: { storage: "thin", size: "8GiB" },
  network: { bridge: "vmbr0", address: "dhcp" },
};

function parse(guests: Readonly<Record<string, unknown>>) {
  return parseSettings({ ...base, guests }, { environment: "prod" });
}

test("snapshots of made and adopted guests, with the schedule as it was written [D13]", () => {
  const parsed = parse({
    web: { ...container, snapshots: { schedule: "*/6:00", keep: 8 } },
    old: { adopt: 140, snapshots: { schedule: "sun 03:00", keep: 1 } },
    plain: { adopt: 141 },
  });
  const guests = parsed.ok ? parsed.environment.guests : [];
  expect(guests.map(({ name, snapshots }) => [name, snapshots])).toEqual([
    ["web", { schedule: "*/6:00", keep: 8 }],
    ["old", { schedule: "sun 03:00", keep: 1 }],
    ["plain", undefined],
  ]);
});

test("every mistake at once, with its path; a bind mount rules snapshots out [A6]", () => {
  const disks = {
    media: { mount: "/media", bind: "/tank/media", protectedBy: "ZFS replication" },
    data: { mount: "/srv", storage: "thin", size: "8GiB" },
  };
  const parsed = parse({
    web: { ...container, disks, snapshots: { schedule: "*/6:00", keep: 8 } },
    old: { adopt: 140, snapshots: { schedule: "now and then", keep: 0, vmstate: true } },
  });
  const problems = parsed.ok ? [] : parsed.problems;
  expect(problems.map(({ path }) => path.join("."))).toEqual([
    "guests.old.snapshots.keep",
    "guests.old.snapshots.schedule",
    "guests.old.snapshots.vmstate",
    "guests.web.snapshots",
  ]);
  expect(JSON.stringify(problems)).toContain("Proxmox takes no snapshots of a guest with a bind mount (media)");
});
