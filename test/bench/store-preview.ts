import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, type TestSandbox } from "../sandbox/setup/start-sandbox";
import { inTurns, type Ratio } from "./measure";
import { lifeboatSettings } from "./preview";
import { makePulumiProject } from "./pulumi-project";
import { StoreServer } from "./store-server";

const guests = 10;
const bucket = "preview";

/** `pulumi preview` of a stack that is up, with its state in an S3 server, against the same with a state on this machine. */
export async function measureStorePreview(progress: (line: string) => void): Promise<Ratio> {
  progress(`preview of ${String(guests)} containers, with the state in a store and on this machine`);
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bench-preview-"));
  const sandboxes: TestSandbox[] = [];
  /** A stack that is up, on a site of its own. */
  const deploy = async (name: string, variables: Readonly<Record<string, string>>) => {
    const sandbox = await startSandbox({ driver: "memory", folder: join(folder, name, "site"), nodes: ["pve-prod"] });
    sandboxes.push(sandbox);
    const settings = lifeboatSettings(sandbox, guests);
    const program = { stack: "prod", program: "stacks/start.cjs", options: ["typescript: false"], settings };
    const project = makePulumiProject(sandbox, join(folder, name, "project"), { ...program, variables });
    project.up();
    return project;
  };
  let server: StoreServer | undefined;
  try {
    server = await StoreServer.start(folder);
    await server.makeBucket(bucket);
    const local = await deploy("local", {});
    const stored = await deploy("stored", server.variables(bucket));
    const { measured, against } = await inTurns(
      5,
      async () => void stored.preview(),
      async () => void local.preview(),
    );
    const what = `state in the store ÷ here, ${String(guests)}`;
    const ratio = measured / against;
    return { measure: "preview", what, milliseconds: measured, againstMilliseconds: against, ratio, atMost: 1.5 };
  } finally {
    for (const sandbox of sandboxes) await sandbox.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
