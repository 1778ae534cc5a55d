import type { Log } from "../../drivers/driver";
import type { Node } from "../../model/site";
import type { Section } from "../configuration";
import { archiveFile } from "../volumes";

/** Systems that Proxmox knows how to set up, by the `ID` of their os-release. */
const KNOWN = new Map([
  ["debian", "debian"],
  ["devuan", "devuan"],
  ["ubuntu", "ubuntu"],
  ["fedora", "fedora"],
  ["opensuse", "opensuse"],
  ["opensuse-leap", "opensuse"],
  ["opensuse-tumbleweed", "opensuse"],
  ["arch", "archlinux"],
  ["alpine", "alpine"],
  ["gentoo", "gentoo"],
  ["nixos", "nixos"],
  ...["centos", "almalinux", "rocky", "rhel", "openEuler"].map((name): [string, string] => [name, "centos"]),
]);

/**
 * Fills in `ostype` and `arch` of a container that does not say them (PVE::LXC::Setup::new): from the os-release file
 * in the template or archive, and the machine's own architecture.
 */
export async function detectOperatingSystem(
  node: Node,
  archive: string,
  configuration: Section,
  log: Log,
): Promise<void> {
  const { keys } = configuration;
  if (!keys.has("ostype")) keys.set("ostype", KNOWN.get(await releaseId(node, archive)) ?? "unmanaged");
  if (keys.has("arch")) return;
  const arch = process.arch === "arm64" ? "arm64" : "amd64";
  log(`Detected container architecture: ${arch}`);
  keys.set("arch", arch);
}

async function releaseId(node: Node, archive: string): Promise<string> {
  const path = await archiveFile(node, archive);
  const { driver } = node.cluster.site;
  for (const member of ["./etc/os-release", "./usr/lib/os-release"]) {
    const text = await driver.readMember(path, member);
    const id = /^ID="?([^"\n]+)"?$/m.exec(text ?? "")?.[1];
    if (id !== undefined) return id;
  }
  return "";
}
