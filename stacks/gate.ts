import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import type { ProxmoxClient } from "../proxmox/api/client";
import { ProxmoxError, type ProxmoxErrorKind } from "../proxmox/api/errors";
import { judge, judgeArchives, type SiteFacts, type Verdict } from "../site/preflight";
import type { Environment } from "../site/settings/environment";
import { gatherFacts, offerId, withArchives } from "./preflight";

/**
 * What stands between the settings and the first resource: refusals of `site/preflight`, all at once.
 *
 * A node that does not answer stops nothing here, because a preview must work without it; that it was not asked is said.
 *
 * @returns what Proxmox said, undefined where it did not answer.
 * @throws pulumi.RunError with every refusal, or with what is wrong with token, certificate or privileges.
 */
export async function passGate(client: ProxmoxClient, environment: Environment): Promise<SiteFacts | undefined> {
  const facts = await askProxmox(client, environment);
  if (facts === undefined) return undefined;
  const verdict = judge(environment, facts);
  const refused = verdict.refusals.length > 0;
  await enforce(refused ? judge(environment, { ...facts, freeId: await offerId(client, environment) }) : verdict);
  return facts;
}

/**
 * The same question once more, for a storage that was not there when it was asked: a folder that the program declares
 * may already be full of archives, after the node was installed anew. Nothing to do in a preview.
 */
export async function checkNewStorage(
  client: ProxmoxClient,
  environment: Environment,
  before: SiteFacts | undefined,
  storageId: pulumi.Output<string>,
): Promise<void> {
  const open = before?.guests.filter(({ archives }) => archives?.kind === "no-storage") ?? [];
  if (open.length === 0 || pulumi.runtime.isDryRun()) return;
  await new Promise((resolve) => storageId.apply(resolve));
  await enforce(judgeArchives(environment, await withArchives(client, environment, open)));
}

async function askProxmox(client: ProxmoxClient, environment: Environment): Promise<SiteFacts | undefined> {
  try {
    return await gatherFacts(client, environment);
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    if (error.kind !== "unreachable" && error.kind !== "lost") throw cannotCheck(environment, error);
    await pulumi.log.warn(
      `Not checked: whether ids are free, and whether there are archives of guests that are about to be made, because ${error.message}`,
    );
    return undefined;
  }
}

const hints: Partial<Record<ProxmoxErrorKind, string>> = {
  untrusted: "name the CA that signed the node's certificate in lifeboat:proxmox.ca",
  unauthorized: "check the API token: user, realm, token id and secret",
};

function cannotCheck({ name }: Environment, { kind, message }: ProxmoxError): pulumi.RunError {
  const hint = hints[kind] ?? `lifeboat doctor ${name}`;
  return refusal(`Unable to check the guests of ${name}: ${message}\nHINT: ${hint}`);
}

async function enforce({ refusals, warnings }: Verdict): Promise<void> {
  for (const warning of warnings) await pulumi.log.warn(warning);
  if (refusals.length > 0) throw refusal(refusals.join("\n\n"));
}
