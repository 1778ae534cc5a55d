import { join } from "node:path";
import type { Layout } from "../layout";
import type { Artifacts } from "./artifacts";

/** A server of the site beside its nodes: a process of its own, at an address of its own on the bridge. */
export interface Service {
  readonly name: ServiceName;
  /** For people. */
  readonly title: string;
  /** IPv4 address, which no guest and no node has. */
  readonly address: string;
  readonly url: string;
  /** Puts into its folder what the server needs and is not there yet. */
  prepare(place: ServicePlace): Promise<void>;
  /** The program with its words, and what its environment needs. */
  command(place: ServicePlace): { words: readonly string[]; environment?: Readonly<Record<string, string>> };
  /** Waits until it can be used. @throws Error with what it said when it cannot be. */
  ready(place: ServicePlace): Promise<void>;
}

export const SERVICE_NAMES = ["mirror", "offsite", "registry"] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

export interface ServicePlace {
  readonly layout: Layout;
  /** The service's own folder. */
  readonly folder: string;
  /** What the server prints. */
  readonly log: string;
  readonly projectFolder: string;
  readonly artifacts: Artifacts;
}

export function serviceFolder(layout: Layout, name: ServiceName): string {
  return join(layout.server, "services", name);
}
