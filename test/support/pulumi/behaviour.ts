import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseCheckpoint } from "../../../site/state/checkpoint";
import { readErrors } from "../../../scripts/clients/pulumi-cli/pulumi-output";
import { PulumiEncrypter } from "../encrypt";

/**
 * What `pulumi` does with states, as far as Lifeboat rests on it: the same commands on the same states, for the real program
 * and for what stands in its place in tests. `recorded.json` has what the real one did; the rehearsal holds it to that.
 */

/** What a command came to. */
interface Outcome {
  readonly command: string;
  readonly code: number | null;
  readonly errors: readonly string[];
  /** Stack that is there afterwards: names of its resources, and what is under way. */
  readonly state: { readonly resources: readonly string[]; readonly pending: readonly string[] } | "none";
  readonly locks: number;
}

export type Behaviour = Readonly<Record<string, readonly Outcome[]>>;

interface Scene {
  /** Names of resources; absent: there is no such stack. */
  readonly resources?: readonly string[];
  /** What was under way when an update died. */
  readonly pending?: readonly (readonly [type: string, name: string])[];
  readonly locked?: boolean;
  /** In another backend. */
  readonly elsewhere?: Pick<Scene, "resources" | "pending">;
  readonly commands: readonly string[];
}

const scenes: Readonly<Record<string, Scene>> = {
  "an import drops every pending operation, also those that its file has": {
    resources: ["web"],
    pending: [
      ["creating", "web"],
      ["creating", "db"],
      ["deleting", "mail"],
    ],
    commands: ["stack export --stack prod", "stack import --stack prod --file EXPORTED", "stack export --stack prod"],
  },
  "a migration drops every pending operation": {
    elsewhere: { resources: ["web"], pending: [["creating", "db"]] },
    commands: ["stack migrate ELSEWHERE prod --yes"],
  },
  "a migration does not replace a stack": {
    resources: [],
    elsewhere: { resources: ["web"] },
    commands: ["stack migrate ELSEWHERE prod --yes"],
  },
  "there is no such stack": {
    commands: [
      "stack export --stack prod",
      "stack import --stack prod --file EXPORTED",
      "stack rm prod --yes --preserve-config",
    ],
  },
  "a stack is made once": { commands: ["stack init prod --no-select", "stack init prod --no-select"] },
  "a stack with resources is not removed": {
    resources: ["web"],
    commands: ["stack rm prod --yes --preserve-config"],
  },
  "a stack without resources is": { resources: [], commands: ["stack rm prod --yes --preserve-config"] },
  "a lock keeps an import out until it is cleared": {
    resources: ["web"],
    locked: true,
    commands: [
      "stack import --stack prod --file EXPORTED",
      "cancel prod --yes",
      "stack import --stack prod --file EXPORTED",
    ],
  },
};

const passphrase = "not-a-secret-passphrase";

/** Plays every scene. @param program path of the `pulumi`. */
export function behaviourOf(program: string): Behaviour {
  const encrypter = new PulumiEncrypter(passphrase);
  return Object.fromEntries(
    Object.entries(scenes).map(([title, scene]) => {
      const folder = mkdtempSync(join(tmpdir(), "lifeboat-pulumi-behaviour-"));
      try {
        return [title, play(program, scene, folder, encrypter)];
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }),
  );
}

function play(program: string, scene: Scene, folder: string, { salt }: PulumiEncrypter): Outcome[] {
  const [project, backend, elsewhere] = ["project", "backend", "elsewhere"].map((name) => join(folder, name));
  write(join(project ?? "", "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
  write(join(project ?? "", "Pulumi.prod.yaml"), `config: {}\nencryptionsalt: ${salt}\n`);
  write(join(folder, "passphrase"), passphrase);
  write(
    join(folder, "exported.json"),
    JSON.stringify({ version: 3, deployment: deploymentOf({ resources: ["web"] }, salt) }),
  );
  furnish(backend ?? "", scene, salt);
  furnish(elsewhere ?? "", scene.elsewhere ?? {}, salt);
  if (scene.locked === true) write(join(backend ?? "", lockKey), lockOfAnother());
  return scene.commands.map((command) => {
    const words = command
      .replace("ELSEWHERE", `file://${elsewhere ?? ""}`)
      .replace("EXPORTED", join(folder, "exported.json"))
      .split(" ");
    const { status, stdout, stderr } = spawnSync(program, [...words, "--non-interactive", "--color", "never"], {
      cwd: project,
      encoding: "utf8",
      env: {
        PATH: `${dirname(program)}:${dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: folder,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_BACKEND_URL: `file://${backend ?? ""}`,
        PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "passphrase"),
      },
    });
    const errors = readErrors(`\n${stdout}\n${stderr}`).map((text) => plain(text, folder));
    if (command.startsWith("stack export") && status === 0) write(join(folder, "exported.json"), stdout);
    return { command, code: status, errors, ...lookAt(backend ?? "") };
  });
}

const stackKey = ".pulumi/stacks/site/prod.json";
const lockKey = ".pulumi/locks/organization/site/prod/1.json";

function furnish(backend: string, scene: Scene["elsewhere"], salt: string): void {
  write(join(backend, ".pulumi/meta.yaml"), "version: 1\n");
  if (scene?.resources === undefined) return;
  const latest = deploymentOf(scene, salt);
  write(
    join(backend, stackKey),
    JSON.stringify({ version: 3, checkpoint: { stack: "organization/site/prod", latest } }),
  );
}

function deploymentOf({ resources = [], pending = [] }: NonNullable<Scene["elsewhere"]>, salt: string): unknown {
  const version = "v3.258.0";
  return {
    manifest: { time: "2026-11-20T10:00:00Z", magic: createHash("sha256").update(version).digest("hex"), version },
    secrets_providers: { type: "passphrase", state: { salt } },
    resources: resources.map(resourceOf),
    pending_operations: pending.map(([type, name]) => ({ type, resource: resourceOf(name) })),
    metadata: {},
  };
}

const urnOf = (name: string): string => `urn:pulumi:prod::site::site:index:Thing::${name}`;

function resourceOf(name: string): unknown {
  return { urn: urnOf(name), custom: false, type: "site:index:Thing" };
}

function lockOfAnother(): string {
  const owner = { pid: 1, username: "ops", hostname: "another-machine", timestamp: "2026-11-20T10:00:00Z" };
  return JSON.stringify(owner);
}

const nameOf = ({ urn }: { readonly urn: string }): string => urn.split("::").at(-1) ?? "";

function lookAt(backend: string): Pick<Outcome, "state" | "locks"> {
  const locks = join(backend, dirname(lockKey));
  const path = join(backend, stackKey);
  const found = existsSync(path) ? parseCheckpoint(readFileSync(path, "utf8")) : undefined;
  return {
    state:
      found === undefined
        ? "none"
        : { resources: found.resources.map(nameOf), pending: found.pending.map((one) => `${one.type} ${nameOf(one)}`) },
    locks: existsSync(locks) ? readdirSync(locks).filter((file) => file.endsWith(".json")).length : 0,
  };
}

/** Without what is another one in every run. */
function plain(text: string, folder: string): string {
  return text.replaceAll(folder, "FOLDER").replaceAll(hostname(), "HOST");
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
