import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MachineSite, node } from "../machines/machine-site";
import type { RunResult } from "../support/run-bundle";
import { nodeShell } from "../support/site/node-ssh";
import { serverStorage } from "../support/site/furnish";
import { liveFaults, machineFaults, type MachineScene } from "./cases/machine";
import { errorOf, masked } from "./fault-case";

/** A second project on the same site, whose settings have a login to the node. */
function withNodeLogin(site: MachineSite): Record<string, string> {
  const project = join(site.folder, "with-login");
  cpSync(site.project, project, { recursive: true });
  const path = join(project, "Pulumi.prod.yaml");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace("ca: site-ca.pem }", "ca: site-ca.pem, ssh: { user: root, port: 2222 } }"));
  return { LIFEBOAT_PROJECT: project, PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? ""}` };
}

/** Shows every case on one site, each with a machine of its own. */
describe.each([
  ["the archive of a machine, and the machine", machineFaults, {}],
  ["a live restore", liveFaults, serverStorage],
] as const)("%s", (_title, cases, storage) => {
  let site: MachineSite;
  let another: string;
  let login: Record<string, string>;
  const machines = cases.map((_, index) => ({ id: 401 + index, name: `guest${index}x` }));

  beforeAll(async () => {
    site = await MachineSite.start([...machines, { id: 499, name: "another" }], undefined, storage);
    another = await site.backUp(499);
    login = withNodeLogin(site);
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
      const lifeboatWith = (command: string, env: Record<string, string>): Promise<RunResult> =>
        site.lifeboat(
          command.split(" ").map((word) => word.replace(/^web$/u, name)),
          { env },
        );
      const lifeboat: MachineScene["lifeboat"] = (command) => lifeboatWith(command, {});
      const withLogin: MachineScene["withLogin"] = (command) => lifeboatWith(command, login);
      const scene = { site, vmid, name, archive, another, lifeboat, withLogin };
      const result = await one.run(scene);
      await site.clearFaults();
      const said = masked(errorOf(result), scene).replaceAll(/vzdumptmp\d+/gu, "vzdumptmp4711");
      expect({ exitCode: result.code, message: said }).toEqual({ exitCode: one.exitCode, message: one.message });
      for (const { check } of one.afterwards) await check(scene);
    },
  );
});
