import type { ComponentKind } from "../resources";

/** One entry of an import file. Source: `importSpec` in pulumi 3.258, `pkg/cmd/pulumi/operations/import.go`. */
export interface ImportEntry {
  readonly type: string;
  /** How other entries name it, which has to be unique in the file. */
  readonly name: string;
  /** Pulumi's own name. */
  readonly logicalName: string;
  /** Id at the provider. Neither components nor providers have one. */
  readonly id?: string;
  readonly component?: true;
  /** Names of other entries. */
  readonly parent?: string;
  readonly provider?: string;
  readonly version?: string;
  readonly pluginDownloadUrl?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** With it the resource is not read from the site while it is imported. */
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A secret as Pulumi writes it into states and import files. */
export type SealedSecret = Readonly<Record<string, string>>;

/** Marks an object as a secret. Source: pulumi, `sdk/go/common/resource/sig`. */
const signature = { key: "4dabf18193072939515e22adb298388d", secret: "1b47061264138c4ac30d75fd1eb44270" } as const;

/** @param seal encrypts a text with the passphrase of the stack */
export function sealedSecret(value: string, seal: (text: string) => string): SealedSecret {
  return { [signature.key]: signature.secret, ciphertext: seal(JSON.stringify(value)) };
}

/** An entry's own name holds its type: a guest may be called like the storage, or like a provider. */
export function place(type: string, logicalName: string) {
  return { type, name: `${type}::${logicalName}`, logicalName };
}

/** A component, which has no counterpart on the site. */
export function component(type: string, logicalName: string) {
  return { ...place(type, logicalName), component: true } as const;
}

/** A resource in a component. */
export interface Child extends Pick<ImportEntry, "inputs" | "outputs"> {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  /** Name of the entry of its provider. */
  readonly provider: string;
}

/** A component with the resources in it. */
export function family(type: string, name: string, children: readonly Child[]): ImportEntry[] {
  const parent = component(type, name);
  const inside = children.map(({ type, name, ...rest }) => ({ ...place(type, name), parent: parent.name, ...rest }));
  return [parent, ...inside];
}

/** A component with the one resource in it. */
export function pair(kind: ComponentKind, name: string, child: Omit<Child, "name">): ImportEntry[] {
  return family(kind.component, name, [{ ...child, name: kind.child(name) }]);
}
