import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { spawnSync } from "node:child_process";
import { RestoreSite, node } from "../commands/restore/restore-site";
import { logInToNode, nodeShell } from "../commands/support/site/node-ssh";
import { packTree } from "../sandbox/drivers/archives";
import { packMachine } from "../sandbox/drivers/machine-archives";
import { inTurns, type Ratio } from "./measure";

const packages = join(__dirname, "../../node_modules");

/**
 * Reading archives to their end on their node, of containers and of machines, against `zstd -t` of the same files on all
 * processors. What `zstd -t` does not do, and takes its time: the SHA-256 of each file, every header of what is inside, and the
 * start of the program with its questions to the node.
 */
export async function measureVerify(progress: (line: string) => void): Promise<Ratio> {
  progress("every archive of a node read to its end, and zstd -t over the same files");
  const site = await RestoreSite.start([{ id: 101, name: "web" }]);
  try {
    logInToNode(site);
    const env = { PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? ""}` };
    const files = await archivesIn(site.nodePath(node, "mnt/backup/dump"));
    const verify = async (): Promise<void> => {
      const words = ["verify", "prod", "--archives", "--json"];
      const { stdout, stderr } = await site.lifeboat(words, { asProcess: true, env });
      const { environments }: { environments: { archives: { result: string; problems: string[] }[] }[] } =
        JSON.parse(stdout);
      const found = environments.flatMap(({ archives }) => archives);
      if (found.length !== files.length || found.some(({ result }) => result !== "whole")) {
        throw new Error(`lifeboat verify has not found all archives whole: ${stdout}${stderr}`);
      }
    };
    const { measured, against } = await inTurns(3, verify, () => zstdTest(files));
    return {
      measure: "verify",
      what: "archives read ÷ zstd -t, all cores",
      milliseconds: measured,
      againstMilliseconds: against,
      ratio: measured / against,
      // Measured: 4.5 on two busy processors. SHA-256, zstd and the check of what is inside cost about the same each.
      atMost: 6,
    };
  } finally {
    await site.stop();
  }
}

function zstdTest(files: readonly string[]): Promise<void> {
  const words = ["-0", "-n", "1", "-P", String(availableParallelism()), "zstd", "-tq"];
  const { status } = spawnSync("xargs", words, { input: files.join("\0"), stdio: ["pipe", "ignore", "inherit"] });
  return status === 0 ? Promise.resolve() : Promise.reject(new Error(`zstd -t ended with ${String(status)}`));
}

/** Two archives of containers and two of machines, which hold the packages of this project: text and programs. */
async function archivesIn(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const common = { compression: "zstd", threads: availableParallelism() } as const;
  const container = join(folder, nameOf("lxc", 101));
  await packTree(
    {
      ...common,
      tree: dirname(packages),
      sources: ["./node_modules"],
      configuration: "arch: amd64\nrootfs: data:101/vm-101-disk-0.raw,size=1G\n",
      firewall: "",
      exclude: [],
      destination: container,
      temporary: join(folder, "temporary"),
    },
    () => undefined,
  );
  const disk = join(folder, "disk");
  const { status } = spawnSync("tar", ["-cf", disk, "-C", packages, "."], { stdio: "ignore" });
  if (status !== 0) throw new Error(`tar ended with ${String(status)}`);
  const machine = join(folder, nameOf("qemu", 120));
  await packMachine({
    ...common,
    texts: new Map([["qemu-server.conf", "scsi0: data:120/vm-120-disk-0.raw,size=1G\n"]]),
    disks: [{ name: "drive-scsi0", size: statSync(disk).size, file: disk }],
    time: 1,
    destination: machine,
  });
  rmSync(disk);
  rmSync(join(folder, "temporary"), { recursive: true, force: true });
  const files = [container, machine];
  for (const [type, vmid, from] of [
    ["lxc", 101, container],
    ["qemu", 120, machine],
  ] as const) {
    const copy = join(folder, nameOf(type, vmid, "2026_11_21"));
    copyFileSync(from, copy);
    files.push(copy);
  }
  for (const file of files) {
    const vmid = /-(\d+)-/u.exec(file.slice(folder.length))?.[1] ?? "";
    const lines = [
      `Starting Backup of VM ${vmid} (${file.includes("lxc") ? "lxc" : "qemu"})`,
      `Finished Backup of VM ${vmid} (00:00:05)`,
    ];
    writeFileSync(
      file.replace(/\.(?:tar|vma)\.zst$/u, ".log"),
      lines.map((line) => `2026-11-20 01:00:00 INFO: ${line}\n`).join(""),
    );
  }
  return files;
}

function nameOf(type: "lxc" | "qemu", vmid: number, day = "2026_11_20"): string {
  return `vzdump-${type}-${String(vmid)}-${day}-01_00_00.${type === "lxc" ? "tar" : "vma"}.zst`;
}
