import { readProc } from "../../sandbox/machine/processes";

/** The kernel lets a mounted file system grow only by CAP_SYS_RESOURCE, which root lacks on some machines. */
export function mayGrowMounted(): boolean {
  const capabilities = /^CapEff:\s+([0-9a-f]+)$/mu.exec(readProc(process.pid, "status"))?.[1] ?? "0";
  return (BigInt(`0x${capabilities}`) & (1n << 24n)) !== 0n;
}
