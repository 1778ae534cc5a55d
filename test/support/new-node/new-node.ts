import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as z from "zod";

const words = z.array(z.string());

/** What this machine is called: the script of a node runs on that node only. */
export const ownName = hostname().split(".")[0] ?? "";

/** A node of Proxmox that was just installed, as far as files and two programs go, in a folder. The shell is the real one. */
export class NewNode {
  readonly folder = mkdtempSync(join(tmpdir(), "lifeboat-"));

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(join(this.folder, `etc/pve/nodes/${ownName}`), { recursive: true });
    for (const [path, text] of Object.entries({ ...installed, ...files })) this.write(path, text);
    const program = join(__dirname, "tools.cjs");
    for (const name of ["pveum", "pvesm"]) {
      this.write(`bin/${name}`, `#!/bin/sh\nPROGRAM=${name} exec "${process.execPath}" "${program}" "$@"\n`, 0o755);
    }
    this.write("bin/id", "#!/bin/sh\necho 0\n", 0o755);
  }

  /** @param instead whether it takes the place of something else of a name in its path */
  write(path: string, text: string, mode = 0o644, instead = false): void {
    if (instead) this.remove(dirname(path));
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
    chmodSync(join(this.folder, path), mode);
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true });
  }

  /** As `uname -n` says it. */
  host(): string {
    return hostname();
  }

  mode(path: string): number {
    return statSync(join(this.folder, path)).mode & 0o777;
  }

  has(path: string): boolean {
    return existsSync(join(this.folder, path));
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** Every line that its two programs were given. */
  lines(): string[][] {
    if (!this.has("lines")) return [];
    const texts = this.read("lines").trim().split("\n");
    return texts.map((text) => words.parse(JSON.parse(text)));
  }

  /** Runs a script as its root, with the node's own folders below this one. */
  run(script: string, ...given: readonly string[]): { readonly code: number | null; readonly output: string } {
    this.write("script", script.replaceAll(/(?<![A-Za-z])\/(?=etc\/(?:pve|network)|root\/)/gu, `${this.folder}/`));
    const { status, stdout, stderr } = spawnSync("sh", [join(this.folder, "script"), ...given], {
      encoding: "utf8",
      env: { ...process.env, NEW_NODE: this.folder, PATH: `${join(this.folder, "bin")}:${process.env["PATH"] ?? ""}` },
    });
    return { code: status, output: stdout + stderr };
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** As the installer leaves them. */
const installed = {
  "etc/pve/user.cfg": "user:root@pam:1:0:::admin@example.com::\n",
  "etc/pve/storage.cfg":
    "dir: local\n\tpath /var/lib/vz\n\tcontent iso,vztmpl,backup\n\nzfspool: tank\n\tpool tank\n\tcontent images,rootdir\n\tsparse 1\n",
  "etc/network/interfaces":
    "auto lo\niface lo inet loopback\n\nauto vmbr0\niface vmbr0 inet static\n\taddress 192.0.2.21/24\n\tbridge-ports enp5s0\n",
};
