import type { ObjectStore } from "../../../scripts/clients/object-store/object-store";

/** The stack of these tests. */
export const state = { place: { project: "shop", stack: "prod" } };

export const stackKey = ".pulumi/stacks/shop/prod.json";

export interface StateContents {
  readonly stack?: string;
  /** When Pulumi made it, milliseconds since 1970. */
  readonly made?: number;
  /** Memory of its one container: what tells one state from another. */
  readonly memory?: number;
  /** Kinds of operations that never ended. */
  readonly pending?: readonly string[];
  /** `encryptionsalt` of the passphrase that opens it. */
  readonly salt?: string;
}

/** A checkpoint as Pulumi writes it. */
export function checkpointText(contents: StateContents = {}): string {
  const { stack = "organization/shop/prod", made = 0, memory = 512, pending = [], salt } = contents;
  const [, project = "", name = ""] = stack.split("/");
  const own = `urn:pulumi:${name}::${project}::`;
  const root = {
    urn: `${own}pulumi:pulumi:Stack::${project}-${name}`,
    custom: false,
    type: "pulumi:pulumi:Stack",
  };
  const type = "proxmoxve:index/containerLegacy:ContainerLegacy";
  const web = { urn: `${own}lifeboat:guests:Container$${type}::web-container`, custom: true, id: "101", type };
  const container = { ...web, inputs: { memory: { dedicated: memory } }, outputs: { vmId: 101 }, parent: root.urn };
  return JSON.stringify({
    version: 3,
    checkpoint: {
      stack,
      latest: {
        manifest: { time: new Date(made).toISOString(), magic: "", version: "v3.258.0" },
        ...(salt === undefined ? {} : { secrets_providers: { type: "passphrase", state: { salt } } }),
        resources: [root, container],
        pending_operations: pending.map((operation) => ({ resource: container, type: operation })),
        metadata: {},
      },
    },
  });
}

/** An update that has ended: a new state, and its pair of entries in the history. */
export async function addUpdate(
  store: ObjectStore,
  nanos: number,
  { message = "", ...contents }: StateContents & { readonly message?: string } = {},
): Promise<void> {
  const text = checkpointText({ made: nanos, memory: 512 + nanos, ...contents });
  const entry = { kind: "update", result: "succeeded", startTime: 1, endTime: 2, message, environment: {}, config: {} };
  const name = `.pulumi/history/shop/prod/prod-${String(nanos)}`;
  await store.write(`${name}.history.json`, Buffer.from(JSON.stringify(entry)));
  await store.write(`${name}.checkpoint.json`, Buffer.from(text));
  await store.write(stackKey, Buffer.from(text));
}
