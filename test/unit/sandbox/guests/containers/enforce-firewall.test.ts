import type { ContainerCards, ContainerSpec, GuardedCard, PacketFilter } from "../../../../sandbox/drivers/driver";
import { MemoryDriver } from "../../../../sandbox/drivers/memory";
import { TestSite } from "../support";

/** Says what it is told to do, in order. */
class TellingDriver extends MemoryDriver {
  readonly told: string[] = [];
  override readonly firewall: PacketFilter = {
    enforce: async (cards: readonly GuardedCard[]) => {
      this.told.push(
        `enforce ${cards.map(({ vmid, number, incoming }) => `${vmid}/${number}: ${incoming.at(-1)}`).join(", ")}`,
      );
    },
  };

  override async start(container?: ContainerSpec): Promise<void> {
    this.told.push(`start ${container?.vmid ?? ""}`);
  }

  override async plug(container?: ContainerCards): Promise<void> {
    const cards = container?.networks.map(({ number, firewall }) => `${number} ${firewall ? "guarded" : "open"}`) ?? [];
    this.told.push(`plug ${cards.join(", ")}`);
  }
}

let driver: TellingDriver;
let site: TestSite;

beforeEach(async () => {
  driver = new TellingDriver();
  site = await TestSite.open(driver);
  await site.task("POST", "/nodes/pve/lxc", {
    vmid: 101,
    ostemplate: site.template,
    rootfs: "local:1",
    net0: "name=eth0,bridge=vmbr0,ip=192.0.2.101/24,firewall=1",
  });
  await site.call("PUT", "/cluster/firewall/options", { enable: 1 });
  await site.call("PUT", "/nodes/pve/lxc/101/firewall/options", { enable: 1 });
  driver.told.length = 0;
});

afterEach(() => site.close());

test("before a restored container starts its rules are there, from the archive [B1]", async () => {
  await site.task("POST", "/nodes/pve/vzdump", { vmid: 101, storage: "local", compress: "zstd" });
  const [archive] = Object(await site.call("GET", "/nodes/pve/storage/local/content", { content: "backup" }));
  await site.task("DELETE", "/nodes/pve/lxc/101");
  driver.told.length = 0;
  const restore = { vmid: 101, ostemplate: archive.volid, restore: 1, storage: "local", start: 1 };
  expect(await site.task("POST", "/nodes/pve/lxc", restore)).toMatchObject({ status: "OK" });
  for (const { upid } of site.node.tasks.list()) await site.node.tasks.wait(upid);
  expect(driver.told).toEqual(["enforce ", "enforce 101/0: drop", "start 101"]);
});

test.each<[string, "POST" | "PUT", string, Record<string, string>, string]>([
  [
    "a rule or option of the guest",
    "PUT",
    "/nodes/pve/lxc/101/firewall/options",
    { policy_in: "ACCEPT" },
    "enforce 101/0: accept",
  ],
  ["an option of the datacenter", "PUT", "/cluster/firewall/options", { enable: "0" }, "enforce "],
  ["the card of a stopped guest", "PUT", "/nodes/pve/lxc/101/config", { net0: "name=eth0,bridge=vmbr0" }, "enforce "],
])("a change of %s counts at once [B1]", async (_, method, path, parameters, expected) => {
  await site.call(method, path, parameters);
  expect(driver.told).toEqual([expected]);
});

test("the card of a running guest is plugged anew [B1]", async () => {
  await site.task("POST", "/nodes/pve/lxc/101/status/start");
  driver.told.length = 0;
  await site.call("PUT", "/nodes/pve/lxc/101/config", {
    net0: "name=eth0,bridge=vmbr0",
    net1: "name=eth1,bridge=vmbr0,firewall=1",
  });
  expect(driver.told).toEqual(["plug 0 open, 1 guarded", "enforce 101/1: drop"]);
});

test("rules go with their guest", async () => {
  await site.task("DELETE", "/nodes/pve/lxc/101");
  expect(driver.told.at(-1)).toBe("enforce ");
});
