import { requireSuccess } from "../support/kit";
import { MachineSite, node } from "./machine-site";

/** A machine whose backup is proven by a command that its guest agent runs, and one that is not drilled. */
let site: MachineSite;

beforeAll(async () => {
  site = await MachineSite.start([
    { id: 141, name: "web", checks: '[agent, { agent-exec: "echo up", output: up }]' },
    { id: 142, name: "idle" },
  ]);
  const lines = "  lifeboat:drill: { bridge: vmbr9, ids: { from: 9000, to: 9099 } }\n";
  site.write("Pulumi.prod.yaml", `${site.read("Pulumi.prod.yaml").trimEnd()}\n${lines}`);
  const root = site.rootClient();
  await root.post(["nodes", node, "network"], { iface: "vmbr9", type: "bridge", autostart: true });
  requireSuccess(await root.tasks.wait(String(await root.put(["nodes", node, "network"], {}))));
  await root.close();
  await site.backUp(141);
});

afterAll(() => site.stop());

/** Grants what the printed lines grant by this role. @returns its paths */
async function allowCommands(setup: string): Promise<string[]> {
  const [, privs = ""] = /role add LifeboatCommands --privs (\S+)/u.exec(setup) ?? [];
  const paths = [...setup.matchAll(/acl modify (\S+) .*--roles LifeboatCommands/gu)].map(([, path = ""]) => path);
  const root = site.rootClient();
  await root.post(["access", "roles"], { roleid: "LifeboatCommands", privs });
  for (const whose of [{ users: "lifeboat@pve" }, { tokens: "lifeboat@pve!lifeboat" }]) {
    for (const path of paths) await root.put(["access", "acl"], { path, roles: "LifeboatCommands", ...whose });
  }
  await root.close();
  return paths;
}

test("a copy whose check has its agent run a command: without the right to that nothing is made, and the set-up grants it to the lowest numbers of the range [G2, K1]", async () => {
  const since = site.requests().length;
  const refused = await site.lifeboat(["drill", "web", "--force", "--check-timeout", "1"]);
  expect([refused.code, refused.stderr]).toEqual([
    14,
    expect.stringContaining("VM.GuestAgent.Unrestricted on /vms/9000 is missing"),
  ]);
  const changes = site.requests().slice(since);
  expect(changes.filter(({ method }) => method !== "GET")).toEqual([]);
  const doctor = await site.lifeboat(["doctor", "--json"]);
  expect(doctor.stdout).toContain(
    "VM.GuestAgent.Unrestricted on /vms/141, /vms/9000, /vms/9001, /vms/9002, /vms/9003 is missing",
  );
  const setup = await site.lifeboat(["doctor", "--print-setup"]);
  expect(await allowCommands(setup.stdout)).toEqual([141, 9000, 9001, 9002, 9003].map((id) => `/vms/${String(id)}`));
  const run = await site.lifeboat(["drill", "web", "--force", "--check-timeout", "5", "--json"]);
  expect([run.code, JSON.parse(run.stdout).guests]).toEqual([
    0,
    [expect.objectContaining({ guest: "prod/web", result: "proven" })],
  ]);
  expect(await site.client.guests.exists({ node, type: "qemu", vmid: 9000 })).toBe(false);
});
