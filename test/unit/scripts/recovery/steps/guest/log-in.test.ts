import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GuestShell, HostKeyRefused } from "../../../../../../scripts/clients/guest-shell";
import { nodeAccess } from "../../../../../../scripts/clients/keys-on-node";
import type { GuestSession } from "../../../../../../scripts/recovery/engine/session";
import type { Step, StepContext } from "../../../../../../scripts/recovery/engine/step";
import { type CheckPlan, checkSteps } from "../../../../../../scripts/recovery/steps/guest/check-steps";
import { guestAccess, nodeLogin } from "../../../../../../scripts/recovery/steps/guest/log-in";
import type { GuestWorld } from "../../../../../../scripts/recovery/steps/guest/world";

let folder: string;
const path = process.env["PATH"];
const guestKey = "ssh-ed25519 AAAAguest";
const nodeKey = "ssh-ed25519 AAAAnode";
const target = { node: "pve-prod", type: "lxc", vmid: 101 } as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-log-in-"));
  process.env["PATH"] = `${folder}:${path ?? ""}`;
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true, force: true });
});

/** Where only known hosts are logged in to; the node has `pct`, which prints the container's keys. */
function sshKnowsTheFile(): void {
  const script = [
    "#!/bin/sh",
    "for word; do host=$command; command=$word; done",
    'case "$*" in *"-p 2222 "*) host="[$host]:2222";; esac',
    'case "$*" in *HostKeyAlias=guest-101*) host=guest-101;; esac',
    `grep -qsF "$host ssh-ed25519" ${folder}/known_hosts || {`,
    '  echo "No ED25519 host key is known for $host and you have requested strict checking." >&2; exit 255; }',
    `echo "$host $command" >> ${folder}/done`,
    `case "$command" in pct*) echo "${guestKey} root@web";; qm*) cat ${folder}/agent;; esac`,
  ];
  writeFileSync(join(folder, "ssh"), `${script.join("\n")}\n`);
  chmodSync(join(folder, "ssh"), 0o755);
}

function session(ssh: object | undefined): GuestSession {
  const proxmox = { endpoint: "https://192.0.2.11:8006", ssh };
  const client = {
    cluster: { clusterStatus: () => Promise.resolve([{ type: "node", name: "pve-prod", local: true }]) },
  };
  const environment = {
    settings: { ssh: { user: "root" }, proxmox },
    path: (file: string) => file,
    client: () => Promise.resolve(client),
  };
  return { environment, state: { path: folder } } as unknown as GuestSession;
}

const login = (ssh: object | undefined, type: "lxc" | "qemu" = "lxc") =>
  new GuestShell(guestAccess(session(ssh), { ...target, type }, false)).login("192.0.2.101");

test("a container's host key is read on its node, whose own key the settings have; both are recorded [N3]", async () => {
  sshKnowsTheFile();
  await login({ user: "root", port: 2222, hostKeys: [nodeKey] });
  expect(readFileSync(join(folder, "done"), "utf8").split("\n")).toEqual([
    "[192.0.2.11]:2222 pct exec 101 -- sh -c 'cat /etc/ssh/ssh_host_*_key.pub'",
    "guest-101 true",
    "",
  ]);
  expect(readFileSync(join(folder, "known_hosts"), "utf8")).toBe(
    `[192.0.2.11]:2222 ${nodeKey}\nguest-101 ${guestKey}\n`,
  );
});

test("a node whose key nobody has recorded is no authenticated way: both are named, and neither is recorded [N3]", async () => {
  sshKnowsTheFile();
  await expect(login({ user: "root", port: 22, hostKeys: [] })).rejects.toThrow(
    /^ssh root@192\.0\.2\.101: its host key is not known \(ssh root@192\.0\.2\.11: its host key is not known; /u,
  );
  await expect(
    new GuestShell(nodeAccess(nodeLogin(session({ user: "root", port: 22, hostKeys: [] })))).login("192.0.2.11"),
  ).rejects.toBeInstanceOf(HostKeyRefused);
  await expect(login(undefined)).rejects.toThrow("ssh root@192.0.2.101: its host key is not known; compare");
});

test("a virtual machine's host key is read by its guest agent, on its node; without one the login is refused [N3]", async () => {
  sshKnowsTheFile();
  const ssh = { user: "root", port: 22, hostKeys: [nodeKey] };
  writeFileSync(join(folder, "agent"), JSON.stringify({ exitcode: 1, exited: 1, "err-data": "cat: no such file" }));
  await expect(login(ssh, "qemu")).rejects.toThrow("guest 101 has no keys in /etc/ssh/ssh_host_*_key.pub");
  const agent = { exitcode: 0, exited: 1, "out-data": `ssh-rsa AAAArsa root@web\n${guestKey} root@web\n` };
  writeFileSync(join(folder, "agent"), JSON.stringify(agent));
  await login(ssh, "qemu");
  expect(readFileSync(join(folder, "done"), "utf8")).toContain(
    "192.0.2.11 qm guest exec 101 -- sh -c 'cat /etc/ssh/ssh_host_*_key.pub'\n",
  );
  expect(readFileSync(join(folder, "known_hosts"), "utf8")).toContain(
    `guest-101 ssh-rsa AAAArsa\nguest-101 ${guestKey}\n`,
  );
});

test("a check that meets another host is over at once: the key does not change by waiting [N3]", async () => {
  let attempts = 0;
  const probe = () => {
    attempts += 1;
    return Promise.reject(new HostKeyRefused("ssh root@192.0.2.101: another host key than before is shown", "compare"));
  };
  const plan: CheckPlan = { guest: "web", target, host: "192.0.2.101", checks: [{ kind: "ssh" }] };
  const [step] = checkSteps(plan, { probe, checkSeconds: 120 } as unknown as GuestWorld);
  const { signal } = new AbortController();
  const context = { signal, progress: () => undefined, factsOf: () => ({}) } as unknown as StepContext;
  expect(await (step as Step).run(context)).toEqual({
    facts: { proven: false },
    findings: [
      {
        severity: "problem",
        text: "web is restored, not proven: check 'ssh' failed (ssh root@192.0.2.101: another host key than before is shown; compare)",
      },
    ],
  });
  expect(attempts).toBe(1);
});
