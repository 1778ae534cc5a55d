import { MachineSite } from "../machines/machine-site";
import { serverStorage } from "../support/site/furnish";
import { liveFaults, machineFaults, type MachineScene } from "./cases/machine";
import { errorOf, masked } from "./fault-case";

/** Shows every case on one site, each with a machine of its own. */
describe.each([
  ["the archive of a machine, and the machine", machineFaults, {}],
  ["a live restore", liveFaults, serverStorage],
] as const)("%s", (_title, cases, storage) => {
  let site: MachineSite;
  let another: string;
  const machines = cases.map((_, index) => ({ id: 401 + index, name: `guest${index}x` }));

  beforeAll(async () => {
    site = await MachineSite.start([...machines, { id: 499, name: "another" }], undefined, storage);
    another = await site.backUp(499);
  });
  afterAll(() => site.stop());
  afterEach(() => site.clearFaults());

  test.each(cases.map((one, index) => ({ title: one.fault, one, machine: machines[index] })))(
    "$title [K2, K4]",
    async ({ one, machine }) => {
      if (machine === undefined) throw new Error("every case has a machine");
      const { id: vmid, name } = machine;
      await site.writeDisk(vmid, "scsi0", "then");
      const archive = await site.backUp(vmid, one.isPlain === true ? { compress: "0" } : {});
      await site.writeDisk(vmid, "scsi0", "now");
      const lifeboat: MachineScene["lifeboat"] = (command) =>
        site.lifeboat(command.split(" ").map((word) => word.replace(/^web$/u, name)));
      const scene = { site, vmid, name, archive, another, lifeboat };
      const result = await one.run(scene);
      await site.clearFaults();
      const said = masked(errorOf(result), scene).replaceAll(/vzdumptmp\d+/gu, "vzdumptmp4711");
      expect({ exitCode: result.code, message: said }).toEqual({ exitCode: one.exitCode, message: one.message });
      for (const { check } of one.afterwards) await check(scene);
    },
  );
});
