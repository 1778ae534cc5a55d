import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { passphraseKey } from "../passphrase-key";

/**
 * Objects as Pulumi 3.258 writes them into its backend: names, members and their order, minified. Nothing of the code
 * under test is used here.
 */

/** A container of the program, whatever it is called. */
export interface BuiltResource {
  readonly name: string;
  readonly id: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** An input of this text, encrypted. */
  readonly secret?: string;
  readonly dependsOn?: readonly string[];
}

export interface BuiltState {
  readonly resources: readonly BuiltResource[];
  readonly pending?: readonly { readonly name: string; readonly type: string }[];
  readonly version?: number;
  readonly stack?: string;
}

const pulumiVersion = "v3.258.0";

/** Type of every resource, and with its component around it. */
export const builtType = "proxmoxve:index/containerLegacy:ContainerLegacy";
const builtTypes = `lifeboat:guests:Container$${builtType}`;

/** A stack and what encrypts its secrets. */
export class StateBuilder {
  readonly salt: string;
  private readonly key: Buffer;
  private clock = Date.parse("2026-11-01T10:00:00.000Z");

  constructor(
    readonly project: string,
    readonly stack: string,
    passphrase: string,
  ) {
    const { salt, key } = passphraseKey(passphrase);
    this.key = key;
    this.salt = `v1:${salt.toString("base64")}:${this.encrypt("pulumi")}`;
  }

  urn(name: string, type = builtTypes): string {
    return `urn:pulumi:${this.stack}::${this.project}::${type}::${name}`;
  }

  /** The text of a checkpoint. */
  checkpoint({ resources, pending = [], version = 3, stack }: BuiltState): string {
    const root = this.urn(`${this.project}-${this.stack}`, "pulumi:pulumi:Stack");
    const provider = this.urn("proxmox", "pulumi:providers:proxmoxve");
    const time = this.next().toISOString();
    const latest = {
      manifest: { time, magic: createHash("sha256").update(pulumiVersion).digest("hex"), version: pulumiVersion },
      secrets_providers: { type: "passphrase", state: { salt: this.salt } },
      resources: [
        { urn: root, custom: false, type: "pulumi:pulumi:Stack", created: time, modified: time },
        { urn: provider, custom: true, id: "0b1e", type: "pulumi:providers:proxmoxve", inputs: { __internal: {} } },
        ...resources.map((resource) => this.resource(resource, root, `${provider}::0b1e`)),
      ],
      ...(pending.length === 0
        ? {}
        : {
            pending_operations: pending.map(({ name, type }) => ({
              resource: { urn: this.urn(name), custom: true, type: builtType, parent: root },
              type,
            })),
          }),
      metadata: {},
    };
    return JSON.stringify({
      version,
      checkpoint: { stack: stack ?? `organization/${this.project}/${this.stack}`, latest },
    });
  }

  /** The text of a history entry. */
  entry(message: string, result = "succeeded", changes: Readonly<Record<string, number>> = { same: 1 }): string {
    const end = Math.floor(this.next().getTime() / 1_000);
    return JSON.stringify({
      kind: "update",
      startTime: end - 5,
      message,
      environment: { "exec.kind": "cli", "git.head": "0123456789abcdef0123456789abcdef01234567" },
      config: { "shop:size": "8GiB" },
      version: 0,
      result,
      endTime: end,
      resourceChanges: changes,
    });
  }

  /** Every answer is ten minutes later than the one before. */
  next(): Date {
    this.clock += 600_000;
    return new Date(this.clock);
  }

  get time(): Date {
    return new Date(this.clock);
  }

  encrypt(text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.key, nonce);
    const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${data.toString("base64")}`;
  }

  private resource({ name, id, inputs = {}, secret, dependsOn }: BuiltResource, parent: string, provider: string) {
    return {
      urn: this.urn(name),
      custom: true,
      id,
      type: builtType,
      inputs: { ...inputs, ...(secret === undefined ? {} : { token: this.secret(secret) }) },
      outputs: { ...inputs },
      parent,
      ...(dependsOn === undefined ? {} : { dependencies: dependsOn.map((other) => this.urn(other)) }),
      provider,
    };
  }

  private secret(text: string): Record<string, string> {
    return {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      ciphertext: this.encrypt(JSON.stringify(text)),
    };
  }
}

/** As `PULUMI_DIY_BACKEND_GZIP` packs. */
export function gzipped(text: string): Buffer {
  return gzipSync(Buffer.from(text));
}
