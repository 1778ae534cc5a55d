import type { FirstUse } from "../../drivers/driver";
import type { Call } from "../../calls/endpoint";

/** A checked request to make or restore a container: what its task needs. */
export interface Order {
  call: Call;
  vmid: number;
  archive: string;
  restore: boolean;
  unique: boolean;
  ignoreErrors: boolean;
  /** Default storage. */
  storage: string;
  pool: string | undefined;
  /** What the request says about it; undefined when it does not. */
  unprivileged: boolean | undefined;
  /** The container was there before. */
  existed: boolean;
  /** The caller may back up and restore, but not set the guest's firewall. */
  keepFirewall: boolean;
  /** Mount points of the request; empty: those of the archive, or one root of 4 GiB. */
  mounts: Map<string, string>;
  first: FirstUse;
  start: boolean;
  highAvailability: boolean;
  bandwidth: number | undefined;
}

/** What stands in front of each failure's text. */
export function failurePrefix(order: Order): string {
  return `unable to ${order.restore ? "restore" : "create"} CT ${order.vmid} -`;
}
