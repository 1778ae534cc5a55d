import { changeNetwork, drillSettings } from "../drill/drill-parts";
import { nodeStandIn } from "../drill/node-stand-in";
import { RestoreSite } from "../restore/restore-site";
import { drillFaults, originalOf } from "./cases/drill";
import { errorOf, masked } from "./fault-case";
import { commandLine, whenAsked } from "./run-cases";

/** What goes wrong in a drill, each with a guest of its own. */
let site: RestoreSite;
let env: Record<string, string>;
const guests = drillFaults.map((_, index) => ({
  id: 301 + index,
  name: `guest${index}x`,
  checks: '[running, "tcp:5432"]',
}));

beforeAll(async () => {
  site = await RestoreSite.start(guests, { settings: drillSettings });
  await changeNetwork(site, "POST", { iface: "vmbr9", type: "bridge", autostart: true });
  env = nodeStandIn(site);
});
afterAll(() => site.stop());
afterEach(() => site.clearFaults());

const copies = async (): Promise<number[]> =>
  (await site.client.cluster.guests()).map(({ vmid }) => vmid).filter((vmid) => vmid >= 9000);

test.each(drillFaults.map((one, index) => ({ title: one.fault, one, guest: guests[index] })))(
  "$title [G2, K2]",
  async ({ one, guest }) => {
    if (guest === undefined) throw new Error("every case has a guest");
    const { id: vmid, name } = guest;
    const archive = await site.backUp(vmid);
    const lifeboat = commandLine(site, name, env);
    const changeBridge = (options: Record<string, string>): Promise<void> =>
      changeNetwork(site, "PUT", { iface: "vmbr9", type: "bridge", ...options });
    const before = await originalOf(site, vmid);
    const scene = {
      site,
      vmid,
      name,
      archive,
      before,
      archivesBefore: [],
      lifeboat,
      copies,
      changeBridge,
      during: whenAsked(site, lifeboat),
    };
    const result = await one.run(scene);
    await site.clearFaults();
    const said = masked(`${result.stdout}\n${errorOf(result)}`, scene).replace(
      `192.0.2.${String(vmid % 256)}`,
      "192.0.2.101",
    );
    expect({ exitCode: result.code, message: said }).toEqual({ exitCode: one.exitCode, message: one.message });
    for (const { check } of one.afterwards) await check(scene);
  },
);
