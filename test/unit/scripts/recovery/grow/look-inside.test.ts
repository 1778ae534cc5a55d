import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProxmoxClient } from "../../../../../proxmox/api/client";
import type { StepContext } from "../../../../../scripts/recovery/engine/step";
import { factsBefore, lookStep, sizesInside } from "../../../../../scripts/recovery/grow/look-inside";
import type { GrowPlan } from "../../../../../scripts/recovery/grow/plan";

/** A running guest whose root disk and `/srv` have grown, and that has got `/opt/mail`. A script stands in for `ssh`. */

const gibibyte = 2 ** 30;
const target = { node: "pve-prod", type: "lxc", vmid: 101 } as const;
const plan: GrowPlan = {
  environment: "prod",
  guest: "web",
  target,
  running: true,
  growths: [
    { key: "rootfs", disk: "root", storage: "local", from: gibibyte, bytes: 2 * gibibyte, mount: "/" },
    { key: "mp0", disk: "data", storage: "local", from: gibibyte, bytes: 2 * gibibyte, mount: "/srv" },
  ],
  additions: [{ key: "mp1", disk: "mail", storage: "local", bytes: gibibyte, mount: "/opt/mail", backup: true }],
};
const { signal } = new AbortController();

let folder: string;
const path = process.env["PATH"];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-look-"));
  process.env["PATH"] = `${folder}:${path ?? ""}`;
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true, force: true });
});

/** What the guest says when it is asked. */
function guestSays(text: string, exitCode = 0): void {
  const file = join(folder, "ssh");
  writeFileSync(file, `#!/bin/sh\necho "$@" > ${folder}/asked\nprintf '${text}'\nexit ${String(exitCode)}\n`);
  chmodSync(file, 0o755);
}

function look(maxdisk: number | undefined, withShell = true) {
  const client = { guests: { guestStatus: () => Promise.resolve({ status: "running", maxdisk }) } };
  const access = withShell ? () => ({ user: "root", knownHosts: join(folder, "known_hosts") }) : undefined;
  return sizesInside(client as unknown as ProxmoxClient, access, "192.0.2.101");
}

/** Findings after the disks have been changed. */
async function findings(before: Readonly<Record<string, number>>, after: ReturnType<typeof look>): Promise<string[]> {
  const context = { signal, factsOf: () => before } as unknown as StepContext;
  const result = await lookStep(plan, after, "recheck").run(context);
  return (result?.findings ?? []).map(({ severity, text, mend = "" }) => `${severity}: ${text} ${mend}`.trim());
}

const before = { "/": 900_000_000, "/srv": 900_000_000 };
const larger = 1_900_000_000;
const root = "5000 /\\n";
const grown = `${String(larger)} /srv\\n`;
const mail = "900000000 /opt/mail\\n";

test("before anything grows: the root disk from the node, the others from the guest; what is not mounted has nothing [A11]", async () => {
  guestSays(`1B-blocks Mounted on\\n 1000 /srv\\n 5000 /\\n`);
  expect(await factsBefore(plan, look(7_000), signal)).toEqual({ "/": 7_000, "/srv": 1_000, "/opt/mail": 0 });
  expect(readFileSync(join(folder, "asked"), "utf8")).toContain("192.0.2.101 df --block-size=1 --output=size,target");
  expect(await factsBefore({ ...plan, running: false }, look(7_000), signal)).toEqual({});
});

test("everything has arrived in the guest: nothing to say [A11]", async () => {
  guestSays(root + grown + mail);
  expect(await findings(before, look(larger))).toEqual([]);
});

test("file systems that have not followed, and a disk that is not mounted: what to do is said [A11]", async () => {
  guestSays(`${root}${String(before["/srv"])} /srv\\n${root}`, 1);
  expect(await findings(before, look(before["/"]))).toEqual([
    expect.stringMatching(/^todo: disk root is larger, .* pct reboot 101 on pve-prod$/u),
    expect.stringMatching(/^todo: disk data is larger, .* pct reboot 101 on pve-prod$/u),
    expect.stringMatching(/^todo: disk mail is made, and is not mounted at \/opt\/mail in the guest.* pct reboot 101/u),
  ]);
});

test.each([
  ["nobody can log in", () => guestSays("", 255), true],
  ["it has no df", () => guestSays("", 127), true],
  ["it says something else", () => guestSays("Welcome\\n"), true],
  ["the settings do not say that one can log in", () => guestSays(root + grown + mail), false],
])("%s: that is said, and not taken for good [A11]", async (_why, prepare, withShell) => {
  prepare();
  expect(await findings(before, look(larger, withShell))).toEqual(["note: not looked at inside the guest: data, mail"]);
});

test("a guest that shows another host key than before is not asked, and that is named with what to do [N3]", async () => {
  writeFileSync(join(folder, "ssh"), "#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n");
  chmodSync(join(folder, "ssh"), 0o755);
  expect(await findings(before, look(larger))).toEqual([
    "note: not looked at inside the guest: data, mail",
    expect.stringMatching(/^todo: ssh root@192\.0\.2\.101: another host key than before is shown; .*ssh-keygen -R/u),
  ]);
});

test("what was not measured before, as in a journal of an earlier version, is not judged [A11]", async () => {
  guestSays(root + grown + mail);
  expect(await findings({}, look(larger))).toEqual(["note: not looked at inside the guest: root, data"]);
});
