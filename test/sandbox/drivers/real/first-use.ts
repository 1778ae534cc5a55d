import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../machine/child-process";
import type { ContainerSpec, FirstUse } from "../driver";
import type { GuestTree } from "./guest-tree";

/**
 * What a container gets once, after it was made from a template: a machine id and SSH host keys of its own (a
 * template's are everybody's), root's password and authorized keys.
 */
export async function prepareFirstUse(tree: GuestTree, container: ContainerSpec, first: FirstUse): Promise<void> {
  if (await tree.has("/etc/machine-id"))
    await tree.write("/etc/machine-id", `${randomBytes(16).toString("hex")}\n`, 0o444);
  if (await tree.has("/etc/ssh")) await renewHostKeys(tree, container.hostname);
  if (first.sshPublicKeys !== undefined) {
    await tree.makeFolder("/root/.ssh", 0o700);
    await tree.write("/root/.ssh/authorized_keys", ensureNewline(first.sshPublicKeys), 0o600);
  }
  if (first.rootPassword !== undefined) await setRootPassword(tree, first.rootPassword);
}

const KEY_TYPES = ["rsa", "ecdsa", "ed25519"];

async function renewHostKeys(tree: GuestTree, hostname: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lifeboat-host-keys-"));
  try {
    await Promise.all(
      KEY_TYPES.map(async (type) => {
        const file = join(folder, type);
        await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", `root@${hostname}`, "-f", file]);
        await tree.write(`/etc/ssh/ssh_host_${type}_key`, await readFile(file, "utf8"), 0o600);
        await tree.write(`/etc/ssh/ssh_host_${type}_key.pub`, await readFile(`${file}.pub`, "utf8"), 0o644);
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The password reaches crypt(3) by standard input, so that no process list shows it. Perl is essential in Debian. */
async function setRootPassword(tree: GuestTree, password: string): Promise<void> {
  const shadow = await tree.read("/etc/shadow");
  if (shadow === undefined) throw new Error("the container has no /etc/shadow to keep a password in");
  const program =
    'chomp(my $salt = <STDIN>); local $/; my $password = <STDIN>; print crypt($password, "\\$6\\$$salt\\$")';
  const salt = randomBytes(8).toString("hex");
  const hash = await run("perl", ["-e", program], { inputText: `${salt}\n${password}` });
  // A function, since a hash is full of `$`, which a replacement text would take for its own.
  await tree.write(
    "/etc/shadow",
    shadow.replace(/^root:[^:]*:/m, () => `root:${hash}:`),
    0o640,
  );
}

function ensureNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
