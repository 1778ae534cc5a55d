import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import { createClient, readOnly, type ProxmoxClient, type Trust } from "../proxmox/api/client";
import type { ProxmoxSettings } from "../site/settings/environment";

/** A client that can only look, and that gives up early: the program must not hang over a node that is down. */
export function lookingClient(settings: ProxmoxSettings, token: string): ProxmoxClient {
  const client = createClient({
    endpoint: settings.endpoint,
    trust: trustOf(settings),
    credential: { kind: "token", value: token },
    timeouts: { connect: 3_000, answer: 15_000 },
  });
  return readOnly(client);
}

function trustOf({ trust }: ProxmoxSettings): Trust {
  return trust.kind === "ca" ? { kind: "ca", pem: readCa(trust.file) } : trust;
}

function readCa(file: string): string {
  try {
    return readFileSync(resolve(pulumi.getRootDirectory(), file), "utf8");
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw refusal(`Unable to read the CA of lifeboat:proxmox.ca: ${cause}`);
  }
}
