import type { ContainerSpec } from "../../../../sandbox/drivers/driver";
import { lxcConfiguration, type LxcSurroundings } from "../../../../sandbox/drivers/real/lxc-configuration";

const container: ContainerSpec = {
  node: "pve-prod",
  vmid: 101,
  hostname: "metrics",
  mounts: [],
  bindMounts: [],
  networks: [],
  nameservers: [],
  searchDomain: undefined,
  cores: 1,
  memory: 512,
  nesting: false,
};
const surroundings: LxcSurroundings = {
  rootFolder: "/srv/root",
  cards: [],
  haltSignal: "SIGRTMIN+4",
  controlGroups: 2,
  processors: 4,
};

/** Whether a container may use /dev/net/tun, by the control groups that it is written for. */
function tunnelAllowed(nesting: boolean, controlGroups: 1 | 2): string[] {
  const text = lxcConfiguration({ ...container, nesting }, { ...surroundings, controlGroups });
  return text.split("\n").filter((line) => line.includes("devices.allow"));
}

test("a container with nesting may hand /dev/net/tun to containers of its own, as Docker does with each", () => {
  expect(tunnelAllowed(true, 1)).toEqual(["lxc.cgroup.devices.allow = c 10:200 rwm"]);
  expect(tunnelAllowed(true, 2)).toEqual(["lxc.cgroup2.devices.allow = c 10:200 rwm"]);
  expect(tunnelAllowed(false, 1)).toEqual([]);
});
