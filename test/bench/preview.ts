import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, type TestSandbox } from "../sandbox/setup/start-sandbox";
import { inTurns, type Ratio } from "./measure";
import { makePulumiProject } from "./pulumi-project";

const sizes = [10, 100];
const node = "pve-prod";

/** `pulumi preview` of prod, against the same resources written directly with the provider's classes. */
export async function measurePreview(progress: (line: string) => void): Promise<Ratio[]> {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bench-"));
  const sandbox = await startSandbox({ driver: "memory", folder: join(folder, "sandbox"), nodes: [node] });
  try {
    const ratios: Ratio[] = [];
    for (const size of sizes) {
      progress(`preview of ${String(size)} containers, by Lifeboat and written directly`);
      ratios.push(await previewOf(sandbox, join(folder, String(size)), size));
    }
    return ratios;
  } finally {
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function previewOf(sandbox: TestSandbox, folder: string, size: number): Promise<Ratio> {
  const direct = makePulumiProject(sandbox, join(folder, "direct"), {
    stack: `direct-${String(size)}`,
    program: "test/bench/direct/index.ts",
    // The quickest way to run TypeScript without building it. Pulumi's default checks the types first.
    options: ["typescript: false", "nodeargs: --import tsx"],
    settings: directSettings(sandbox, size),
  });
  const lifeboat = makePulumiProject(sandbox, join(folder, "lifeboat"), {
    stack: `prod-${String(size)}`,
    program: "stacks/start.cjs",
    options: ["typescript: false"],
    settings: lifeboatSettings(sandbox, size),
  });
  // The first run of each fills caches, and builds the program.
  direct.preview();
  let peakMebibytes = lifeboat.preview();
  const { measured, against } = await inTurns(
    5,
    async () => {
      peakMebibytes = Math.max(peakMebibytes, lifeboat.preview());
    },
    async () => {
      direct.preview();
    },
  );
  return {
    measure: "preview",
    what: `prod ÷ written directly, ${String(size)}`,
    milliseconds: measured,
    againstMilliseconds: against,
    ratio: measured / against,
    atMost: 1,
    peakMebibytes,
  };
}

function endpointOf({ nodes }: TestSandbox): string {
  const [first] = nodes;
  return `https://${first?.address ?? ""}:${String(first?.port ?? 0)}`;
}

function directSettings(sandbox: TestSandbox, size: number): string {
  return [
    "config:",
    `  direct:node: ${node}`,
    `  direct:endpoint: ${endpointOf(sandbox)}`,
    `  direct:tokenFile: ${sandbox.layout.tokenFile}`,
    `  direct:guests: ${String(size)}`,
    "",
  ].join("\n");
}

/** The same guests as `direct/index.ts` has. */
export function lifeboatSettings(sandbox: TestSandbox, size: number): string {
  const guests = Array.from({ length: size }, (_, index) => [
    `    guest-${String(index + 1)}:`,
    "      kind: container",
    `      id: ${String(1_001 + index)}`,
    "      template: local:vztmpl/debian-12-standard_amd64.tar.zst",
    "      root: { storage: local, size: 2GiB }",
    "      disks: { data: { mount: /srv, storage: local, size: 1GiB } }",
    `      network: { bridge: vmbr0, address: 10.0.0.${String(2 + index)}/16, gateway: 10.0.0.1 }`,
  ]);
  return [
    "config:",
    "  lifeboat:profile: prod",
    `  lifeboat:proxmox: { endpoint: "${endpointOf(sandbox)}", node: ${node}, ca: "${sandbox.layout.ca}" }`,
    "  lifeboat:backup: { storage: { id: backup, type: dir, path: /mnt/backup } }",
    "  lifeboat:guests:",
    ...guests.flat(),
    "",
  ].join("\n");
}
