import * as pulumi from "@pulumi/pulumi";
import type { ProxmoxClient } from "../proxmox/api/client";
import type { SiteFacts } from "../site/preflight/facts";
import type { Environment } from "../site/settings/environment";
import { watchersIn } from "../site/monitoring/watchers";
import { ownAddresses } from "../site/state/own-addresses";
import { readToken, requireOwnProviders, requireOwnVariables } from "./credentials";
import { checkNewStorage, passGate } from "./gate";
import { withFreshConsent } from "./fresh-consent";
import { declareGuestsAndBackups } from "./guests-and-backups";
import { configurationsIn, environmentsIn, readNeighbours } from "./neighbours";
import { requireOwnGuests } from "./own-guests";
import { requireOwnState } from "./own-state";
import { requirePlannedState } from "./planned-state";
import type { DeclareData, DeclareMonitoring, DeclareRestores, DeclareStore, StackOutputs } from "./program";
import { createProviders } from "./providers";
import { readRecorded, type Recorded } from "./recorded";
import { readSettings } from "./settings";
import { lookingClient } from "./site-client";

/** What `pulumi up` and `pulumi preview` run: what can be refused is refused before anything is registered. */
export = async function main(): Promise<StackOutputs> {
  await requirePlannedState();
  const environment = withFreshConsent(readSettings());
  requireOwnVariables(environment, environmentsIn(pulumi.getRootDirectory()));
  requireOwnProviders(environment);
  const token = readToken(environment);
  const client = lookingClient(environment.proxmox, token);
  try {
    const neighbours = readNeighbours(pulumi.getRootDirectory(), environment.name);
    const { outputs, ...recorded } = await readRecorded();
    const [facts, state] = await Promise.all([
      passGate(client, environment, neighbours, recorded),
      requireOwnState(pulumi.getRootDirectory(), ownAddresses(environment)),
    ]);
    // A preview goes on without the node; it deletes nothing.
    if (facts !== undefined) await requireOwnGuests(client, environment, state);
    const declareRestores = await prepareRestores(environment, { ...recorded, outputs });
    const declareStateStore = await prepareStore(environment, facts, { ...recorded, outputs });
    const declareMonitoring = await prepareMonitors(environment, facts, { ...recorded, outputs });
    const declareData = await prepareInside(environment, facts, { ...recorded, outputs }, client);
    const declareTokens = await prepareTokens(environment);
    const declareOffsite = await prepareElsewhere(environment);
    const declareArchives = await prepareCopiesOfArchives(environment, client);
    const providerFor = createProviders(environment, token);
    const declared = await declareGuestsAndBackups({
      environment,
      providerFor,
      checkNewStorage: (storageId) => checkNewStorage(client, environment, facts, storageId),
      remakesJob: facts?.jobIsSwitched,
      declareStateStore,
      declareMonitoring,
      declareData,
      declareRestores,
    });
    return {
      ...declared,
      ...declareTokens?.(environment, providerFor()),
      ...declareOffsite?.(),
      ...declareArchives?.(),
    };
  } finally {
    await client.close();
  }
};

/** What makes tokens is loaded where something watches only. */
async function prepareTokens({ exporterTokens }: Environment) {
  if (exporterTokens.length === 0) return undefined;
  return (await import("./exporter-tokens.js")).declareExporterTokens;
}

/** The provider of AWS is a large one: it is loaded where a bucket elsewhere is declared only. */
async function prepareElsewhere(environment: Environment): Promise<(() => StackOutputs) | undefined> {
  if (environment.offsite === undefined) return undefined;
  const { prepareOffsite } = await import("./offsite.js");
  return prepareOffsite(environment);
}

/** Archives of guests: the provider of commands is loaded where some are chosen only. */
async function prepareCopiesOfArchives(
  environment: Environment,
  client: ProxmoxClient,
): Promise<(() => StackOutputs) | undefined> {
  if (environment.guests.every(({ offsite }) => offsite === undefined)) return undefined;
  const [{ prepareArchives }, { nodeEntrances }] = await Promise.all([
    import("./archives.js"),
    import("./node-entrances.js"),
  ]);
  return prepareArchives(environment, nodeEntrances(environment, client));
}

/** Data inside guests: the provider of commands is loaded where there are some only. */
async function prepareInside(
  environment: Environment,
  facts: SiteFacts | undefined,
  recorded: Recorded,
  client: ProxmoxClient,
): Promise<DeclareData | undefined> {
  if (environment.guests.every(({ data }) => data.length === 0)) return undefined;
  const [{ prepareData }, { hostKeySource }, { nodeEntrances }] = await Promise.all([
    import("./data.js"),
    import("./host-key.js"),
    import("./node-entrances.js"),
  ]);
  const watchers = environment.dataWatchers ?? watchersIn(configurationsIn(pulumi.getRootDirectory()));
  const nodes = nodeEntrances(environment, client);
  return prepareData(environment, { hostKeyOf: hostKeySource(environment, recorded, facts), nodes, watchers });
}

/** The provider of commands is loaded where there is one only. */
async function prepareRestores(environment: Environment, recorded: Recorded): Promise<DeclareRestores | undefined> {
  if (environment.restores.length === 0) return undefined;
  const { checkRestores, declareRestores } = await import("./restores.js");
  await checkRestores(environment, recorded);
  return declareRestores;
}

/** Its rules, dashboards and providers are loaded where something watches only. */
async function prepareMonitors(
  environment: Environment,
  facts: SiteFacts | undefined,
  recorded: Recorded,
): Promise<DeclareMonitoring | undefined> {
  if (environment.monitoring === undefined) return undefined;
  const [{ prepareMonitoring }, { hostKeySource }] = await Promise.all([
    import("./monitoring.js"),
    import("./host-key.js"),
  ]);
  return prepareMonitoring(environment, hostKeySource(environment, recorded, facts));
}

/** Its providers and the library for certificates are loaded where there is a store only. */
async function prepareStore(
  environment: Environment,
  facts: SiteFacts | undefined,
  recorded: Recorded,
): Promise<DeclareStore | undefined> {
  if (environment.stateStore === undefined) return undefined;
  const [{ prepareStateStore }, { hostKeySource }] = await Promise.all([
    import("./state-store.js"),
    import("./host-key.js"),
  ]);
  const environments = environmentsIn(pulumi.getRootDirectory());
  return prepareStateStore(environment, environments, facts, hostKeySource(environment, recorded, facts));
}
