import { createKeyPair } from "../../site/state-store/keys";
import type { OffsiteSettings } from "../../site/settings/environment";
import { environmentOf } from "./example-environment";

/** `lifeboat:offsite` with nothing in it that has a default. */
const exampleOffsite = {
  kind: "minio",
  endpoint: "https://s3.example.com:9000",
  bucket: "far-away",
} as const;

export function offsiteKeys() {
  return { admin: createKeyPair("admin"), writer: createKeyPair("writer"), reader: createKeyPair("reader") };
}

/** Settings of an environment with a bucket elsewhere. */
export function offsiteSettings(other: Readonly<Record<string, unknown>> = {}, top: object = {}) {
  return {
    profile: "prod",
    proxmox: { endpoint: "https://192.0.2.11:8006", node: "pve-prod", ca: "site-ca.pem" },
    backup: { storage: { id: "backup", type: "dir", path: "/mnt/backup" } },
    offsite: { ...exampleOffsite, ...other },
    ...top,
  };
}

/** The settings with every default. */
export function offsiteOf(other: Readonly<Record<string, unknown>> = {}): OffsiteSettings {
  const { offsite } = environmentOf(offsiteSettings(other), "prod");
  if (offsite === undefined) throw new Error("the example has one");
  return offsite;
}
