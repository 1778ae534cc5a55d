import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { linesRun } from "../../support/docs/lines-run";
import { isPublished, problemsOf } from "../../support/new-node/published";
import { savedNode } from "../../support/new-node/saved-node";
import { projectFolder } from "../support/commands";
import { commandSource, InstalledSource } from "./support/data-source";

/**
 * The recipe of docs/guides/node-configuration.md, as it stands there: a guest fetches a node's configuration over a real SSH, and
 * what a new node needs of it is a script that Debian's own shell and awk run.
 */

const isRoot = process.getuid?.() === 0;
const guide = readFileSync(join(projectFolder, "docs/guides/node-configuration.md"), "utf8");
const forced = /```text\n(restrict,command=".*") ssh-ed25519/u.exec(guide)?.[1] ?? "";
const block = z.object({ data: z.object({ node: z.object({ command: z.string(), check: z.string() }) }) });
const { command, check } = block.parse(parse(/```yaml\n([^]*?)```/u.exec(guide)?.[1] ?? "")).data.node;

/** Lines of that guide that are typed in the guest. */
const [makeKey = "", know = "", list = "", unpack = ""] = Object.keys(
  linesRun["rehearsal/data/node-configuration"] ?? {},
);

(isRoot ? describe : describe.skip)("the configuration of a node", () => {
  let guest: DatabaseGuest;
  let node: InstalledSource;

  beforeAll(async () => {
    guest = await DatabaseGuest.start({ room: 256 });
    // The guest is its own node, behind a real SSH server.
    await guest.must(`
mkdir -p /var/new /etc/pve/priv /etc/pve/firewall /etc/pve/nodes/pve/priv /etc/apt/auth.conf.d /etc/network ~/.ssh /etc/lifeboat
mkdir -p /etc/pve/nodes/pve-prod
touch /etc/fstab /etc/resolv.conf /etc/default/grub
echo secret > /etc/pve/priv/shadow.cfg
echo secret | tee /etc/pve/nodes/pve/pve-ssl.key /etc/pve/nodes/pve/priv/lock /etc/apt/auth.conf /etc/apt/auth.conf.d/90.conf >/dev/null
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
${makeKey}
${know.replace("192.0.2.11", "127.0.0.1").replace(/'(.*)ssh-ed25519 AAAA…'/u, '"$1$(cat /etc/ssh/ssh_host_ed25519_key.pub)"')}
printf 'PasswordAuthentication no\\nUsePAM no\\nPermitRootLogin yes\\n' > /etc/ssh/sshd_config
/usr/sbin/sshd`);
    for (const [path, text] of savedNode) writeFileSync(guest.path(`/${path}`), text);
    await guest.must("cat > ~/.ssh/authorized_keys && cat /etc/lifeboat/node-key.pub >> ~/.ssh/authorized_keys", {
      input: `${forced} `,
    });
    const here = command.replace("192.0.2.11", "127.0.0.1");
    node = new InstalledSource(guest, commandSource({ name: "node", command: here, check }));
  });

  afterAll(() => guest?.stop());

  test("is dumped over SSH with users, storages, network, firewall and jobs, and without what opens the node [I8]", async () => {
    expect(await node.dump()).toMatch(/^SUCCESS /u);
    const [manifest] = await node.manifests();
    const path = "PATH=$PATH:/usr/local/lib/lifeboat/data";
    expect(await guest.must(`${path}; ${list}`)).toContain(manifest?.name);
    await guest.must(`${path}; ${unpack.replace(" DUMP ", ` ${manifest?.name ?? ""} `)}`);
    const names = await guest.must("cd /var/node && find . -type f -printf '%P\\n'");
    expect(names.split("\n")).toEqual(
      expect.arrayContaining([
        "etc/pve/user.cfg",
        "etc/pve/storage.cfg",
        "etc/pve/jobs.cfg",
        "etc/pve/firewall/cluster.fw",
        "etc/network/interfaces",
      ]),
    );
    expect(names).not.toMatch(/priv|\.key$|auth\.conf/mu);
  });

  test("its key gets nothing else, whatever is asked for [I8, N1]", async () => {
    const asked = command
      .replace("192.0.2.11", "127.0.0.1")
      .replace(/configuration$/u, "'cat /etc/pve/priv/shadow.cfg'");
    expect(await guest.must(`${asked} | tar --list | grep -c . `)).not.toBe("0");
    expect(await guest.must(`${asked} | grep -c secret || true`)).toBe("0");
  });

  test("without its users it is no good dump, and neither is a node that is not reached: the last good one stays [I4, I8]", async () => {
    await guest.must("mv /etc/pve/user.cfg /var");
    expect(await node.failingRun()).toContain("the check refuses it");
    await guest.must("mv /var/user.cfg /etc/pve");
    await guest.must("mv ~/.ssh/authorized_keys /var/kept");
    expect(await node.failingRun()).toMatch(/Unable to dump output command: .*Permission denied/u);
    await guest.must("mv /var/kept ~/.ssh/authorized_keys");
    await guest.must("sed -i 's/ssh-ed25519 A/ssh-ed25519 B/' /etc/lifeboat/node-known-hosts");
    expect(await node.failingRun()).toMatch(/Unable to dump output command: .*(?:verification failed|host key)/iu);
    expect(await node.manifests()).toHaveLength(1);
  });

  test("becomes a script, which finds nothing missing on that node, and gives a bare one what it lacks [H5, I8]", async () => {
    const here = await guest.must("uname -n");
    const [manifest] = await node.manifests();
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-"));
    try {
      const dump = join(folder, "item-1.dump.zst");
      writeFileSync(dump, readFileSync(guest.path(`/var/backups/lifeboat/${manifest?.name ?? ""}/item-1.dump.zst`)));
      const words = ["node-script", "pve-prod", "--map", `pve-prod=${here}`, "--from", dump, "--out"];
      const file = join(folder, "node.sh");
      const made = spawnSync(process.execPath, [join(projectFolder, "dist/lifeboat.cjs"), ...words, file], {
        encoding: "utf8",
      });
      expect([made.status, made.stdout]).toEqual([0, `Wrote ${file}, from ${dump}.\n`]);
      writeFileSync(guest.path("/var/node.sh"), readFileSync(file));
    } finally {
      rmSync(folder, { recursive: true });
    }
    // They only note what they are given: what they were given is held against Proxmox's published schema.
    const note = `#!/bin/sh\nprintf '%s\\0' "\${0##*/}" "$@" >>/var/noted; printf '\\n' >>/var/noted\n`;
    await guest.must(
      "cat > /usr/local/bin/pveum && chmod +x /usr/local/bin/pveum && cp /usr/local/bin/pveum /usr/local/bin/pvesm",
      { input: note },
    );
    // The same node under another name: what names it in rights, storages and firewall is under the new one.
    await guest.must(
      `mv /etc/pve/nodes/pve-prod /etc/pve/nodes/${here} && sed -i 's/pve-prod/${here}/' /etc/pve/user.cfg /etc/pve/storage.cfg`,
    );
    const same = await guest.shell("sh /var/node.sh --apply");
    expect(same.stdout).not.toMatch(/^(?:missing|added|FAILED|DIFFERS|LOOK) /mu);
    expect(same.stdout).toMatch(
      /^same {8}storage vault \(pbs\)$[^]*^same {8}network$[^]*^0 added, 0 failed, 0 different\.$/mu,
    );
    expect([same.exitCode, await guest.must("ls /var")]).toEqual([0, expect.not.stringContaining("noted")]);

    await guest.must(`rm /etc/pve/*.cfg /etc/pve/firewall/cluster.fw /etc/pve/nodes/${here}/host.fw`);
    await guest.must("mkdir /var/lib/vz; echo 'auto lo' > /etc/network/interfaces");
    const bare = await guest.shell("sh /var/node.sh --apply");
    expect([bare.exitCode, bare.stderr]).toEqual([0, ""]);
    expect(bare.stdout).toMatch(/^2\d added, 0 failed, 0 different\.$/mu);
    expect(await guest.must("cat /etc/pve/firewall/cluster.fw")).toMatch(/^enable: 0$/mu);
    expect(await guest.must("cat /etc/network/interfaces; ls /etc/network")).not.toMatch(/vmbr0|interfaces\.new/u);
    const lines = await noted();
    expect(lines).toContainEqual([
      "pveum",
      "user",
      "add",
      "joe@pve",
      "--enable",
      "1",
      "--firstname",
      "Joe",
      "--lastname",
      "O'Neil",
      "--email",
      "joe@example.com",
      "--comment",
      'night shift: $(reboot) `id` "x"',
    ]);
  });

  (isPublished ? describe : describe.skip)("by that script", () => {
    test("nothing is called that Proxmox's published schema does not take [H5]", async () => {
      expect(problemsOf(await noted())).toEqual([]);
    });
  });

  /** Every line that the node's programs were given. */
  async function noted(): Promise<string[][]> {
    const lines = (await guest.must("cat /var/noted")).split(/\0(?:\n|$)/u).filter((line) => line !== "");
    return lines.map((line) => line.split("\0"));
  }
});
