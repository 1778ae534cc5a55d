import { dayOf } from "../opt-outs";
import { storageOfVolume } from "../restore/volumes";
import type { Environment, Seconds } from "../settings/environment";
import { coverageFindings, type LiveDisk } from "./coverage";
import { byPath, type PolicyFinding } from "./policy-finding";
import { type FirewallFacts, firewallFindings, unknownFirewall } from "./firewall";
import { hazardFindings, type BackupStorageFacts, type HazardFacts } from "./hazards";
import { objectiveFindings } from "./objectives";
import { applySuspensions, type Sorted } from "./suspensions";

/** What is known of a site when its settings are judged. */
export interface PolicyFacts {
  /** Unix seconds, the node's clock. */
  readonly now: number;
  readonly timeZone: string;
  /** How long the job's last run took; undefined where that is not known. */
  readonly lastRun: Seconds | undefined;
  /** Disks of adopted guests by id; a guest that could not be looked at is missing. */
  readonly adoptedDisks: ReadonlyMap<number, readonly LiveDisk[]>;
  readonly storage: BackupStorageFacts;
  readonly presentRetention: HazardFacts["presentRetention"];
  readonly archives: HazardFacts["archives"];
  readonly neighbours: HazardFacts["neighbours"];
  readonly firewall: FirewallFacts;
}

/** What the rules say about an environment. */
export interface Judgement extends Sorted {
  /** What stops nothing: hazards that nobody has acknowledged, opt-outs that end soon. */
  readonly notes: readonly PolicyFinding[];
}

/** What is known without a node: its clock and zone are then the caller's and UTC. */
export function factsWithoutNode(now: number, neighbours: HazardFacts["neighbours"]): PolicyFacts {
  return {
    now,
    timeZone: "UTC",
    lastRun: undefined,
    adoptedDisks: new Map(),
    storage: { shared: undefined, retention: undefined },
    presentRetention: undefined,
    archives: [],
    neighbours,
    firewall: unknownFirewall,
  };
}

/** Every rule over an environment at once. */
export function judgePolicies(environment: Environment, facts: PolicyFacts): Judgement {
  const today = dayOf(facts.now, facts.timeZone);
  const findings = [
    ...coverageFindings(environment, { ...facts, today }),
    ...objectiveFindings(environment, facts),
  ].sort(byPath);
  const adoptedStorages = new Map([...facts.adoptedDisks].map(([id, disks]) => [id, storagesOf(disks)]));
  const storage = { ...facts.storage, shared: facts.storage.shared ?? sharedByItsType(environment) };
  const hazards = [
    ...hazardFindings(environment, { ...facts, storage, today, adoptedStorages }),
    ...firewallFindings(environment, facts.firewall, today),
  ];
  return {
    ...applySuspensions(
      findings.filter(({ weight }) => weight === "broken"),
      environment,
      today,
    ),
    notes: [...findings.filter(({ weight }) => weight === "note"), ...hazards].sort(byPath),
  };
}

function storagesOf(disks: readonly LiveDisk[]): string[] {
  return disks.flatMap(({ volume }) => storageOfVolume(volume) ?? []);
}

/** A storage that the settings declare is what they say; what an adopted one is, only Proxmox knows. */
function sharedByItsType({ backup: { storage } }: Environment): boolean | undefined {
  switch (storage.type) {
    case "adopted":
      return undefined;
    case "dir":
      return storage.shared;
    case "nfs":
    case "pbs":
      return true;
  }
}
