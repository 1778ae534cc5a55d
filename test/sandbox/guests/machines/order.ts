import type { Call } from "../../calls/endpoint";

/** A restore that was asked for and checked, as its worker needs it. */
export interface MachineRestore {
  call: Call;
  vmid: number;
  archive: string;
  /** Options of the request, which win over the archive's. */
  options: ReadonlyMap<string, string>;
  /** `unable to restore VM 100 -` */
  verb: string;
}
