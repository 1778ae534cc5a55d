import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";

/** Where the parts of a sandbox lie in its folder. Nothing of a sandbox lies elsewhere, the template cache excepted. */
export interface Layout {
  folder: string;
  /** What the sandbox is and whether it is complete; also the sign that the folder is a sandbox's. */
  record: string;
  /** The emulator's state: nodes, volumes, archives, tasks, the request log, its control socket. */
  server: string;
  serverLog: string;
  /** Holds the CA's certificate and nothing else: Go's `SSL_CERT_DIR` reads every file of a folder. */
  trust: string;
  ca: string;
  sshKey: string;
  sshPublicKey: string;
  tokenFile: string;
  /** Of root@pam, for what Proxmox allows to no token. */
  rootPasswordFile: string;
  passphraseFile: string;
  /** Key pair of the offsite S3 server, as `{ accessKey, secretKey }`; only where that server is. */
  offsiteKeyFile: string;
  /** Copy of the project with the sandbox's addresses in its settings. */
  project: string;
  /** What `lifeboat` keeps besides its journals: copies of states, and the states of `pulumiState` (XDG_DATA_HOME). */
  dataHome: string;
  /** Backend of `pulumi` on this machine: the very folder that `lifeboat` takes for a state that is in no store. */
  pulumiState: string;
  pulumiHome: string;
  /** Journals and reports of `lifeboat` (XDG_STATE_HOME). */
  stateHome: string;
  /** `lifeboat`, to be put on PATH. */
  bin: string;
}

/** Entries of a sandbox's folder, in the order in which `down` removes them; the record goes last. */
export const ENTRIES = [
  "server",
  "trust",
  "keys",
  "project",
  "data-home",
  "pulumi-home",
  "state-home",
  "bin",
  "sandbox.json",
] as const;

/** The project's name in its Pulumi.yaml. */
const PULUMI_PROJECT = "lifeboat";

export function layoutOf(folder: string): Layout {
  return {
    folder,
    record: join(folder, "sandbox.json"),
    server: join(folder, "server"),
    serverLog: join(folder, "server", "server.log"),
    trust: join(folder, "trust"),
    ca: join(folder, "trust", "site-ca.pem"),
    sshKey: join(folder, "keys", "id_ecdsa"),
    sshPublicKey: join(folder, "keys", "id_ecdsa.pub"),
    tokenFile: join(folder, "keys", "token"),
    rootPasswordFile: join(folder, "keys", "root-password"),
    passphraseFile: join(folder, "keys", "passphrase"),
    offsiteKeyFile: join(folder, "keys", "offsite"),
    project: join(folder, "project"),
    dataHome: join(folder, "data-home"),
    pulumiState: join(folder, "data-home", "lifeboat", PULUMI_PROJECT, "pulumi"),
    pulumiHome: join(folder, "pulumi-home"),
    stateHome: join(folder, "state-home"),
    bin: join(folder, "bin"),
  };
}

/** The sandbox's folder: `LIFEBOAT_SANDBOX_DIR`, else `.sandbox` of the project. */
export function sandboxFolder(
  projectFolder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const named = environment["LIFEBOAT_SANDBOX_DIR"];
  return named === undefined || named === "" ? join(projectFolder, ".sandbox") : resolve(named);
}

const recordSchema = z.object({
  format: z.literal(1),
  driver: z.enum(["memory", "real"]),
  nodes: z.array(z.object({ name: z.string(), address: z.string(), port: z.number() })),
  /** False while `up` is at work for the first time: what an interrupted one leaves is not trusted. */
  complete: z.boolean(),
});

/** What a sandbox is. */
export type SandboxRecord = z.infer<typeof recordSchema>;

export type SandboxNode = SandboxRecord["nodes"][number];

/** The record of a sandbox; undefined when the folder holds none that can be read. */
export function readRecord(layout: Layout): SandboxRecord | undefined {
  if (!existsSync(layout.record)) return undefined;
  try {
    return recordSchema.parse(JSON.parse(readFileSync(layout.record, "utf8")));
  } catch {
    return undefined;
  }
}

export function writeRecord(layout: Layout, record: SandboxRecord): void {
  writeFileSync(`${layout.record}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
  renameSync(`${layout.record}.new`, layout.record);
}
