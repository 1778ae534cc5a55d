import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DemoSite, expectExit } from "./demo-site";

/** `$1`: a template that holds `sshd`, `$2`: folder of keys and configuration, which sees what is sent. */
const serve = `
set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1/keys"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/run"
mkdir -m 755 "$1/run/sshd"
exec chroot "$1" /usr/sbin/sshd -D -e -f /keys/sshd_config
`;

/**
 * Another machine at an address of the site: a real SSH server with a host key of its own, which lets the site's operator in
 * and keeps what it is sent.
 */
export class Impostor {
  private constructor(
    private readonly site: DemoSite,
    private readonly address: string,
    private readonly folder: string,
  ) {}

  /** Takes the address over for everybody in the site's network but its owner. */
  static async at(site: DemoSite, address: string, folder: string): Promise<Impostor> {
    mkdirSync(folder, { mode: 0o700 });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "host_key")]);
    writeFileSync(join(folder, "authorized_keys"), readFileSync(join(site.folder, "keys", "id_ecdsa.pub")));
    const lines = [
      `ListenAddress ${address}:22`,
      "HostKey /keys/host_key",
      "AuthorizedKeysFile /keys/authorized_keys",
      "ForceCommand cat >> /keys/captured",
      "PidFile /keys/pid",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
    ];
    writeFileSync(join(folder, "sshd_config"), `${lines.join("\n")}\n`);
    const impostor = new Impostor(site, address, folder);
    await impostor.ip("replace");
    const words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", serve, "sh"];
    const start = [...words, join(site.folder, "server", "node-shell"), folder];
    const script = `log=$1; shift; exec setsid "$@" >"$log" 2>&1 &`;
    expectExit(await site.inside("sh", "-c", script, "sh", join(folder, "log"), ...start), [0], "another SSH server");
    for (let looks = 0; !existsSync(join(folder, "pid")); looks += 1) {
      if (looks === 100) throw new Error(`it did not start: ${readFileSync(join(folder, "log"), "utf8")}`);
      await sleep(100);
    }
    return impostor;
  }

  /** `SHA256:…` */
  get fingerprint(): string {
    const printed = execFileSync("ssh-keygen", ["-lf", join(this.folder, "host_key.pub")], { encoding: "utf8" });
    return printed.split(" ")[1] ?? "";
  }

  /** All that it was sent. */
  get captured(): string {
    const file = join(this.folder, "captured");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** What a client that asks for no host key gives away to it. */
  async deceive(text: string): Promise<void> {
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "LogLevel=ERROR"];
    const words = ["-i", join(this.site.folder, "keys", "id_ecdsa"), ...options.flatMap((option) => ["-o", option])];
    const script = `text=$1; shift; printf %s "$text" | ssh "$@"`;
    const run = await this.site.inside("sh", "-c", script, "sh", text, ...words, `root@${this.address}`, "sh -s");
    expectExit(run, [0], "a login without a host key");
  }

  async stop(): Promise<void> {
    process.kill(Number(readFileSync(join(this.folder, "pid"), "utf8")));
    await this.ip("del");
  }

  private async ip(verb: "replace" | "del"): Promise<void> {
    const words = ["ip", "address", verb, `${this.address}/32`, "dev", "lo"];
    expectExit(await this.site.inside(...words), [0], `the address of ${this.address}`);
  }
}
