import { isDeepStrictEqual } from "node:util";
import { differingTokens, givenToken, nameOf } from "../../../site/monitoring/exporter-tokens";
import type { MonitoringSecrets } from "../../../site/settings/environment";
import { parseMonitoringSecrets } from "../../../site/monitoring/monitoring-secrets";
import { writeSealed } from "../../project/edit-settings";
import type { SecretBox } from "../../project/passphrase";
import type { NewSettings, SealedTree } from "../../project/set-settings";
import type { LoadedEnvironment } from "../../project/environment";
import type { Site } from "../../project/site";
import type { Finding } from "../engine/step";
import { recordedToken, type RecordedToken } from "./recorded-token";
import { sealedSecrets } from "../../project/sealed-secrets";
import { StackWork } from "./stack-work";

const monitoringSecretsKey = "monitoringSecrets";

/** Name of the environment that watches the others; undefined where none does. */
export function watcherOf(site: Site): string | undefined {
  return site.environments().usable.find(({ settings }) => settings.monitoring !== undefined)?.name;
}

/**
 * Environments whose tokens the settings of the one that watches do not hold, or hold although nothing is watched there any
 * more; by the tokens' names, since some are only made by this run. Those that are there are compared with the states: a stack
 * that was made again has a token of the same name with another secret.
 *
 * @throws CommandError (2) for secrets that are none, (12) without the passphrase
 */
export async function tokensToHandOver(work: StackWork): Promise<string[]> {
  const wanted = wantedNames(work.site);
  const { tokens } = await secretsOf(work.environment);
  const differing = new Set(differingTokens(wanted, tokens));
  for (const [name, token] of wanted) {
    if (token === undefined || differing.has(name)) continue;
    const found = await tokenOf(name, token, work);
    if ("token" in found && found.token !== tokens[name]) differing.add(name);
  }
  return [...differing].sort();
}

/** Another token than the one that the environment gives out is none for the exporter, whoever has written it into the state. */
async function tokenOf(name: string, wanted: string, { site, context, dryRun }: StackWork): Promise<RecordedToken> {
  const found = await recordedToken(new StackWork(site, name, context, dryRun));
  if (!("token" in found) || nameOf(found.token) === wanted) return found;
  return { why: `its state has another token than ${wanted}` };
}

/** By environment; one whose settings are wrong is left as it is. */
function wantedNames(site: Site): Map<string, string | undefined> {
  return new Map(
    site.environments().usable.map(({ name, settings }) => [name, givenToken(site.name, settings)] as const),
  );
}

/** Copies the tokens from the states of their environments into the settings of the one that watches, encrypted for it. */
export async function handOver(work: StackWork): Promise<{ isChanged: boolean; findings: Finding[] }> {
  const { site, selector } = work;
  const environment = site.reread(selector);
  const secrets = await secretsOf(environment);
  const tokens = { ...secrets.tokens };
  const findings: Finding[] = [];
  for (const [name, wanted] of wantedNames(site)) {
    if (wanted === undefined) {
      delete tokens[name];
      continue;
    }
    const found = await tokenOf(name, wanted, work);
    if ("token" in found) tokens[name] = found.token;
    else findings.push(notHandedOver(name, found.why));
  }
  if (isDeepStrictEqual(tokens, secrets.tokens)) return { isChanged: false, findings };
  await writeMonitoringSecrets(work, { ...secrets, tokens });
  return { isChanged: true, findings };
}

/** Writes them encrypted into the settings, each by itself: so `pulumi config set --path` goes on working. @param others settings that go with them, by their keys */
export async function writeMonitoringSecrets(
  { site, selector, environment }: StackWork,
  secrets: MonitoringSecrets,
  others: NewSettings["config"] = {},
): Promise<void> {
  const box = await environment.secretBox();
  const tree = sealedTree(secrets, box);
  const sealed = Object.keys(tree).length === 0 ? { secure: box.seal("{}") } : tree;
  writeSealed(environment, box, { [`lifeboat:${monitoringSecretsKey}`]: sealed, ...others });
  site.reread(selector);
}

/** Nothing is written of what is empty. */
function sealedTree(secrets: object, box: SecretBox): SealedTree {
  const tree: Record<string, SealedTree[string]> = {};
  for (const [name, value] of Object.entries<unknown>({ ...secrets })) {
    if (typeof value === "string") tree[name] = { secure: box.seal(value) };
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0) continue;
    tree[name] = sealedTree(value, box);
  }
  return tree;
}

function notHandedOver(name: string, why: string): Finding {
  return { severity: "todo", text: `the exporter gets no token to look at ${name}: ${why}`, mend: "lifeboat up" };
}

/** The decrypted secrets of the monitoring; empty where there are none. @throws CommandError (2, 12) */
export function secretsOf(environment: LoadedEnvironment): Promise<MonitoringSecrets> {
  return sealedSecrets(environment, monitoringSecretsKey, parseMonitoringSecrets, { receivers: {}, tokens: {} });
}
