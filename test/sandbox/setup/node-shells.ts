import { spawn } from "node:child_process";
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initLine } from "../drivers/real/container-processes";
import { run } from "../machine/child-process";
import { SandboxError } from "./failure";
import type { Layout, SandboxNode, SandboxRecord } from "./layout";
import { processesInNetwork } from "./namespace";
import { siteGuestName, inNetwork, serverMark, siteNames } from "../machine/names";
import { endProcesses, readProc } from "../machine/processes";

/**
 * Makes the root of a node's shell: in a mount namespace of its own, the unpacked template with the node's storages over
 * it. What is mounted here is gone with the last process in there. `$1`: template, `$2`: the node's `/`, `$3`: folder of
 * keys and configuration.
 */
const ENTER = `
set -e
mount --bind "$1" "$1"
mkdir -p "$2/mnt" "$2/var/lib/vz" "$1/var/lib/vz" "$1/keys"
mount --bind "$2/mnt" "$1/mnt"
mount --bind "$2/var/lib/vz" "$1/var/lib/vz"
mount --bind "$3" "$1/keys"
touch "$1/usr/sbin/pct"
mount --bind "$3/pct" "$1/usr/sbin/pct"
mount --rbind /dev "$1/dev"
mount --rbind /proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
mkdir -m 755 "$1/run/sshd"
exec chroot "$1" /usr/sbin/sshd -D -e -f "$4"
`;

/**
 * `pct exec`, the one way into a guest that does not lead through its address, for containers of this node that run.
 *
 * @param prefix LXC's name of a container, up to its id
 */
const pct = (prefix: string): string => `#!/bin/sh
if [ "$1 $3" != "exec --" ]; then echo "pct: the sandbox has 'exec <vmid> -- <command>' only" >&2; exit 255; fi
name=${prefix}$2
for file in $(grep -lsE "lxc[.]payload[.]$name(/|$)" /proc/[0-9]*/cgroup); do
  process=\${file%/cgroup}
  grep -qsE '${initLine}' "$process/status" || continue
  shift 3
  exec nsenter --target "\${process#/proc/}" --mount --uts --ipc --net --pid --root --wd -- "$@"
done
echo "container '$2' not running!" >&2
exit 255
`;

/** Gives every node a real `sshd` on port 22 of its address, for the few things that Proxmox has no API for. */
export async function startNodeShells(layout: Layout, record: SandboxRecord, template: string): Promise<void> {
  const root = join(layout.server, "node-shell");
  if (!existsSync(root)) {
    mkdirSync(root);
    await run("tar", ["-C", root, "--zstd", "--numeric-owner", "--exclude=./dev/*", "-xpf", template]);
    // One authority has signed the certificates of all nodes.
    mkdirSync(join(root, "etc/pve"));
    copyFileSync(join(layout.server, "certificates", "ca.pem"), join(root, "etc/pve/pve-root-ca.pem"));
  }
  // Of a sandbox whose server alone was killed they still listen.
  await endProcesses(await shellsOf(layout), STOP_GRACE);
  await Promise.all(record.nodes.map((node) => startNodeShell(layout, node, root)));
}

/** Public key by which a node's shell is known. */
export function nodeHostKey(layout: Layout, node: string): string {
  return join(keysOf(layout, node), "host_key.pub");
}

function keysOf(layout: Layout, node: string): string {
  return join(layout.server, "node-keys", node);
}

/** The site's SSH servers by their command line, which is where an environment would stand: `sshd` writes over it. */
async function shellsOf(layout: Layout): Promise<number[]> {
  const inSite = await processesInNetwork(siteNames(layout.server));
  return inSite.filter((pid) => readProc(pid, "cmdline").includes(CONFIGURATION));
}

/** As the servers see it. */
const CONFIGURATION = "/keys/sshd_config";

/** Milliseconds that they have to end by themselves. */
const STOP_GRACE = 1000;

async function startNodeShell(layout: Layout, node: SandboxNode, root: string): Promise<void> {
  const keys = keysOf(layout, node.name);
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const hostKey = join(keys, "host_key");
  if (!existsSync(hostKey)) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hostKey]);
  writeFileSync(join(keys, "authorized_keys"), readFileSync(layout.sshPublicKey, "utf8"));
  writeFileSync(join(keys, "sshd_config"), configuration(node.address));
  const names = siteNames(layout.server);
  writeFileSync(join(keys, "pct"), pct(siteGuestName(names, node.name, "")), { mode: 0o755 });
  const nodeRoot = join(layout.server, "nodes", node.name, "root");
  const enter = [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-c",
    ENTER,
    "sh",
    root,
    nodeRoot,
    keys,
    CONFIGURATION,
  ];
  const [program, ...words] = [...inNetwork(names), ...enter];
  const file = join(keys, "log");
  const log = openSync(file, "w");
  const child = spawn(program ?? "", words, {
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: process.env["PATH"] ?? "", [serverMark]: names.id },
  });
  closeSync(log);
  child.unref();
  await listening(file, node);
}

function configuration(address: string): string {
  return [
    `ListenAddress ${address}:22`,
    "HostKey /keys/host_key",
    "AuthorizedKeysFile /keys/authorized_keys",
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}

const START_LIMIT = 10_000;

async function listening(file: string, { name }: SandboxNode): Promise<void> {
  for (let waited = 0; waited < START_LIMIT; waited += 50) {
    if (readFileSync(file, "utf8").includes("Server listening on")) return;
    await sleep(50);
  }
  throw new SandboxError(`the SSH server of ${name} did not start: ${readFileSync(file, "utf8").trim()}`);
}
