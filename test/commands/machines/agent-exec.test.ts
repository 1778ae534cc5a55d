import { MachineSite, node } from "./machine-site";

let site: MachineSite;

/** Machines whose agent is asked for one command: one that goes well, and one for each way in which it does not. */
const checks = {
  good: '[{ agent-exec: "echo grün", output: grün }, { agent-exec: [/bin/sh, -c, "exit 3"], exit: 3 }]',
  ended: '[{ agent-exec: "nginx -t" }]',
  printed: '[{ agent-exec: "echo inactive", output: "/^active$/" }]',
  missing: "[{ agent-exec: [/usr/bin/none] }]",
};

const names = ["good", "ended", "printed", "missing"] as const;
const idOf = (name: (typeof names)[number]): number => 141 + names.indexOf(name);

beforeAll(async () => {
  site = await MachineSite.start(names.map((name) => ({ id: idOf(name), name, checks: checks[name] })));
  for (const name of names) await site.backUp(idOf(name));
});

afterAll(() => site.stop());

async function restore(name: string): Promise<{ code: number | null; report: Record<string, unknown> }> {
  const argv = ["restore", "guest", name, "--force", "--stop", "--check-timeout", "1", "--json"];
  const { code, stdout } = await site.lifeboat(argv);
  return { code, report: JSON.parse(stdout) };
}

/** What the lines of `doctor --print-setup` grant beyond what the token has. */
async function allowCommands(setup: string): Promise<void> {
  const [, privs = ""] = /role add LifeboatCommands --privs (\S+)/u.exec(setup) ?? [];
  const paths = [...setup.matchAll(/acl modify (\S+) .*--roles LifeboatCommands/gu)].map(([, path = ""]) => path);
  expect(paths).toEqual(names.map((name) => `/vms/${idOf(name)}`));
  const root = site.rootClient();
  await root.post(["access", "roles"], { roleid: "LifeboatCommands", privs });
  for (const whose of [{ users: "lifeboat@pve" }, { tokens: "lifeboat@pve!lifeboat" }]) {
    for (const path of paths) await root.put(["access", "acl"], { path, roles: "LifeboatCommands", ...whose });
  }
  await root.close();
}

function asked(vmid: number): number {
  return site.requests().filter(({ path }) => path === `/nodes/${node}/qemu/${vmid}/agent/exec`).length;
}

test("a token that may not have commands run is told so once, and the machine is restored and not proven: 3 [D1, K2]", async () => {
  const { code, report } = await restore("good");
  expect([code, report["proven"]]).toEqual([3, false]);
  expect(report["findings"]).toContainEqual({
    severity: "problem",
    text: expect.stringMatching(/check 'agent-exec: echo grün' failed \(.*VM\.GuestAgent\.Unrestricted/u),
  });
  expect(asked(idOf("good"))).toBe(2);
  const doctor = await site.lifeboat(["doctor", "--json"]);
  expect(doctor.stdout).toContain("VM.GuestAgent.Unrestricted on /vms/141, /vms/142, /vms/143, /vms/144 is missing");
  const setup = await site.lifeboat(["doctor", "--print-setup"]);
  await allowCommands(setup.stdout);
});

test("a command in the machine proves that it is back: by its exit code, and by what it prints [D1]", async () => {
  const { code, report } = await restore("good");
  expect([code, report["proven"], report["checks"]]).toEqual([
    0,
    true,
    [
      { check: "its guest agent runs 'echo grün', which ends with 0 and says grün", passed: true },
      { check: "its guest agent runs '/bin/sh -c exit 3', which ends with 3", passed: true },
    ],
  ]);
});

test.each([
  ["ended", /check 'agent-exec: nginx -t' failed \(it ended with 127, not with 0: \/bin\/sh: 1: nginx: not found\)/u],
  ["printed", /its output does not match \/\^active\$\/: inactive/u],
  ["missing", /Agent error: Guest agent command failed/u],
])("%s: what the command did instead is the reason that the machine is not proven: 3 [D1]", async (name, reason) => {
  const { code, report } = await restore(name);
  expect([code, report["findings"]]).toEqual([
    3,
    expect.arrayContaining([{ severity: "problem", text: expect.stringMatching(reason) }]),
  ]);
});
