import { dataCommandType, dataComponents } from "./data/resource-names";
import { monitoringComponent, monitoringTypes } from "./monitoring/resource-names";
import {
  archiveCopiesComponent,
  archiveCopiesType,
  offsiteComponent,
  offsiteName,
  offsiteProviderInputs,
  offsiteTypes,
} from "./offsite/resource-names";
import {
  apiTokenType,
  componentKinds,
  exporterTokenKind,
  localCommandType,
  providerNames,
  resourceTypes,
  restoreFlowKind,
} from "./resources";
import { stateStoreComponents, storeProviderName, stateStoreTypes } from "./state-store/resource-names";

/** Pulumi's type of a stack itself. */
export const stackType = "pulumi:pulumi:Stack";

/** Every component of the program, and the types of what it makes. */
const made: Readonly<Record<string, readonly string[]>> = {
  [componentKinds.container.component]: [resourceTypes.container],
  [componentKinds["virtual-machine"].component]: [resourceTypes["virtual-machine"]],
  [componentKinds["backup-storage"].component]: [resourceTypes.dir, resourceTypes.nfs, resourceTypes.pbs],
  [componentKinds["backup-job"].component]: [resourceTypes["backup-job"]],
  [restoreFlowKind.component]: [localCommandType],
  [exporterTokenKind.component]: [apiTokenType],
  [stateStoreComponents.store]: [
    stateStoreTypes.rules,
    stateStoreTypes.firewall,
    stateStoreTypes.binary,
    stateStoreTypes.server,
  ],
  [stateStoreComponents.bucket]: [stateStoreTypes.bucket, stateStoreTypes.versioning, stateStoreTypes.lifecycle],
  [stateStoreComponents.recovery]: [stateStoreTypes.bucket, stateStoreTypes.versioning, stateStoreTypes.lifecycle],
  [stateStoreComponents.identity]: [stateStoreTypes.user, stateStoreTypes.policy, stateStoreTypes.attachment],
  [stateStoreComponents.offsite]: [stateStoreTypes.offsite],
  [stateStoreComponents.hostKey]: [],
  [monitoringComponent]: [...new Set(Object.values(monitoringTypes))],
  ...Object.fromEntries(Object.values(dataComponents).map((component) => [component, [dataCommandType]])),
  [offsiteComponent]: Object.values(offsiteTypes),
  [archiveCopiesComponent]: [archiveCopiesType],
};

/** What the program makes, by the types in its URN, outermost first: `lifeboat:guests:Container$proxmoxve:index/…`. */
export const programKinds: ReadonlyMap<string, "component" | "resource"> = new Map([
  [stackType, "component"],
  ...Object.entries(made).flatMap(([component, types]): [string, "component" | "resource"][] => [
    [component, "component"],
    ...types.map((type): [string, "resource"] => [`${component}$${type}`, "resource"]),
  ]),
]);

/** Whether the program makes a component or a resource of these types; undefined: neither. */
export function madeByProgram(types: string): "component" | "resource" | undefined {
  return programKinds.get(types);
}

/** A package of the program's providers. */
export interface ProviderPackage {
  /** As the program names them. `default`: it leaves that to Pulumi. */
  readonly names: readonly string[] | "default";
  /** Inputs that the program gives to its provider. What is not here could send its credentials elsewhere. */
  readonly inputs: readonly string[];
  /** Where the package itself says that its plugin is. */
  readonly address?: string;
}

export const providerPackages: ReadonlyMap<string, ProviderPackage> = new Map<string, ProviderPackage>([
  [
    "proxmoxve",
    {
      names: Object.values(providerNames),
      inputs: ["endpoint", "apiToken", "username", "password"],
      address: "github://api.github.com/muhlba91/pulumi-proxmoxve",
    },
  ],
  [
    "minio",
    {
      names: [storeProviderName],
      inputs: ["minioServer", "minioUser", "minioPassword", "minioRegion", "minioSsl"],
    },
  ],
  ["aws", { names: [offsiteName], inputs: offsiteProviderInputs }],
  ["command", { names: "default", inputs: [] }],
  // Pulumi's own functions, such as the one that reads the state.
  ["pulumi", { names: "default", inputs: [] }],
]);
