/** The model of a machine's processors, as its configuration may name it (PVE::QemuServer::CPUConfig). */
import { FormatError } from "./format-error";
import type { PropertyFormat } from "./parameters";

/** Models that QEMU knows; most of them have numbered versions as well. */
const MODELS = new Set(
  [
    "486 pentium pentium2 pentium3 coreduo core2duo Conroe Penryn Nehalem Nehalem-IBRS Westmere Westmere-IBRS",
    "SandyBridge SandyBridge-IBRS IvyBridge IvyBridge-IBRS Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS",
    "Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Skylake-Client Skylake-Client-IBRS",
    "Skylake-Client-noTSX-IBRS Skylake-Server Skylake-Server-IBRS Skylake-Server-noTSX-IBRS Cascadelake-Server",
    "Cascadelake-Server-noTSX Cooperlake KnightsMill Icelake-Client Icelake-Client-noTSX Icelake-Server",
    "Icelake-Server-noTSX SapphireRapids GraniteRapids SierraForest ClearwaterForest",
    "athlon phenom Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 EPYC EPYC-IBPB EPYC-Rome EPYC-Milan",
    "EPYC-Genoa EPYC-Turin kvm32 kvm64 qemu32 qemu64 max host",
    "a64fx cortex-a35 cortex-a53 cortex-a55 cortex-a57 cortex-a710 cortex-a72 cortex-a76 neoverse-n1 neoverse-n2",
    "neoverse-v1",
  ].flatMap((line) => line.split(" ")),
);

/** Models of Proxmox's own. */
const LEVELS = new Set(["x86-64-v2", "x86-64-v2-AES", "x86-64-v3", "x86-64-v4"]);

/** Flags that a single machine may have; others only a model of the cluster's own. */
const FLAGS = [
  "aes",
  "amd-no-ssb",
  "amd-ssbd",
  "hv-evmcs",
  "hv-tlbflush",
  "ibpb",
  "md-clear",
  "nested-virt",
  "pcid",
  "pdpe1gb",
  "spec-ctrl",
  "ssbd",
  "virt-ssbd",
];

const FLAG = "[+-][a-zA-Z0-9\\-_.]+";

export const PROCESSOR_FORMAT: PropertyFormat = {
  cputype: { type: "string", optional: true, defaultKey: true },
  "reported-model": { type: "string", optional: true, enum: [...MODELS] },
  hidden: { type: "boolean", optional: true },
  "hv-vendor-id": { type: "string", optional: true, pattern: "[a-zA-Z0-9]{1,12}" },
  flags: { type: "string", optional: true, pattern: `${FLAG}(?:;${FLAG})*` },
  "guest-phys-bits": { type: "integer", optional: true, minimum: 32, maximum: 64 },
  "phys-bits": { type: "string", optional: true, format: "pve-phys-bits" },
  level: { type: "integer", optional: true, minimum: 0, maximum: 4_294_967_295 },
};

/** @throws for a model that there is not, and for what only a model of the cluster's own may say; there is none of those here */
export function checkProcessor(values: ReadonlyMap<string, string>): void {
  const type = values.get("cputype") ?? "";
  if (type === "") throw new FormatError("CPU is missing cputype");
  const custom = /^custom-(.*)$/u.exec(type)?.[1];
  if (custom !== undefined) throw new FormatError(`Custom cputype '${custom}' not found`);
  if (!LEVELS.has(type) && !MODELS.has(type.replace(/-v\d+$/u, ""))) {
    throw new FormatError(`Built-in cputype '${type}' is not defined (missing 'custom-' prefix?)`);
  }
  const flags = values.get("flags")?.split(";") ?? [];
  if (!flags.every((flag) => FLAGS.includes(flag.slice(1)))) {
    throw new FormatError(`VM-specific CPU flags must be a subset of: ${FLAGS.join(", ")}`);
  }
  if (values.has("reported-model")) {
    throw new FormatError("Property 'reported-model' not allowed in VM-specific CPU config.");
  }
}

/** @throws unless it is `host` or a number of bits */
export function checkAddressBits(value: string): void {
  const isNumber = /^\d{1,2}$/u.test(value) && Number(value) >= 8 && Number(value) <= 64;
  if (value !== "host" && !isNumber) throw new FormatError("value must be an integer between 8 and 64 or 'host'");
}
