import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import type { ProxmoxClient } from "../proxmox/api/client";
import { ProxmoxError, type ProxmoxErrorKind } from "../proxmox/api/errors";
import type { Run, SiteFacts } from "../site/preflight/facts";
import { judge, judgeArchives, rebootsIn } from "../site/preflight/judge";
import { judgeUnasked } from "../site/preflight/judge-unknown";
import type { Verdict } from "../site/preflight/verdict";
import { dayOf } from "../site/opt-outs";
import { formatPolicyFinding } from "../site/policies/policy-finding";
import type { Neighbour } from "../site/policies/neighbours";
import { factsWithoutNode, judgePolicies, type Judgement, type PolicyFacts } from "../site/policies/policies";
import type { Environment } from "../site/settings/environment";
import { withCopies } from "./copies-elsewhere";
import { freshVariable } from "./fresh-consent";
import { unknownGuests } from "./named-guests";
import { gatherPolicyFacts } from "./policy-facts";
import { gatherFacts, idWithoutArchives, withEveryArchive } from "./preflight";
import { judgeReboots } from "./reboot-consent";

/**
 * What stands between the settings and the first resource: policies, and refusals of `site/preflight/`, all at once.
 *
 * A preview must work without the node: that it was not asked is said, and the policies are judged by what is known without
 * it. An update is refused then (A15).
 *
 * @param recorded what the stack's state has
 * @returns what Proxmox said, undefined where it did not answer.
 * @throws pulumi.RunError with everything that is broken or refused, or with what is wrong with token, certificate or
 *   privileges.
 */
export async function passGate(
  client: ProxmoxClient,
  environment: Environment,
  neighbours: readonly Neighbour[] = [],
  recorded: Pick<SiteFacts, "recorded" | "recordedUnread"> = {},
): Promise<SiteFacts | undefined> {
  const asked = await askProxmox(client, environment, neighbours);
  const known = "unanswered" in asked ? undefined : asked;
  const policies = known?.policies ?? factsWithoutNode(Math.floor(Date.now() / 1000), neighbours);
  const run = runAt(policies);
  const verdict =
    "unanswered" in asked
      ? judgeUnasked(environment, asked.unanswered, run)
      : await judgeSite(client, environment, { ...asked.site, ...recorded }, run);
  const judgement = judgePolicies(environment, policies);
  const rebooting = known === undefined ? nothingAsked : judgeReboots(environment, rebootsIn(environment, known.site));
  for (const warning of policyWarnings(judgement)) await pulumi.log.warn(warning);
  await enforce({
    warnings: [...unknownGuests(freshVariable, environment), ...verdict.warnings, ...rebooting.warnings],
    refusals: [...brokenPolicies(environment, judgement), ...verdict.refusals, ...rebooting.refusals],
  });
  return known?.site;
}

const nothingAsked: Verdict = { refusals: [], warnings: [] };

function runAt({ now, timeZone }: Pick<PolicyFacts, "now" | "timeZone">): Run {
  return { preview: pulumi.runtime.isDryRun(), today: dayOf(now, timeZone) };
}

/** Refusals with an id to offer, which is looked for only when there is something to refuse. */
async function judgeSite(
  client: ProxmoxClient,
  environment: Environment,
  facts: SiteFacts,
  run: Run,
): Promise<Verdict> {
  const verdict = judge(environment, facts, run);
  if (verdict.refusals.length === 0) return verdict;
  return judge(environment, { ...facts, freeId: await idWithoutArchives(client, environment) }, run);
}

function policyWarnings({ notices, suspended, notes }: Judgement): string[] {
  return [
    ...notices,
    ...suspended.map((finding) => `Suspended: ${formatPolicyFinding(finding)}`),
    ...notes.map((finding) => `${finding.policy === "hazards" ? "Hazard" : "Note"}: ${formatPolicyFinding(finding)}`),
  ];
}

/** One message for all of them: each is a line, with what led to it below. */
function brokenPolicies({ name }: Environment, { broken }: Judgement): string[] {
  if (broken.length === 0) return [];
  const many = broken.length === 1 ? "1 policy is" : `${String(broken.length)} policies are`;
  const lines = broken.flatMap((finding) => formatPolicyFinding(finding).split("\n"));
  return [[`Unable to deploy ${name}: ${many} broken`, ...lines.map((line) => `  ${line}`)].join("\n")];
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
  const run = runAt({ now: Math.floor(Date.now() / 1000), timeZone: "UTC" });
  const found = await withEveryArchive(client, environment, open, await client.cluster.guests());
  const reason = `node ${environment.proxmox.node} does not list storage ${environment.backup.storage.id}, which was made just now`;
  // It was made: that it is in no list yet says nothing of what is on it.
  const guests = found.map((facts) =>
    facts.archives?.kind === "no-storage" ? { ...facts, archives: { kind: "unknown", reason } as const } : facts,
  );
  await enforce(judgeArchives(environment, guests, run));
}

async function askProxmox(
  client: ProxmoxClient,
  environment: Environment,
  neighbours: readonly Neighbour[],
): Promise<{ site: SiteFacts; policies: PolicyFacts } | { unanswered: string }> {
  try {
    const [site, policies] = await Promise.all([
      gatherFacts(client, environment),
      gatherPolicyFacts(client, environment, neighbours),
    ]);
    const guests = await withCopies(environment, site.guests, policies.timeZone);
    return { site: { ...site, guests }, policies };
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    if (error.kind !== "unreachable" && error.kind !== "lost") throw cannotCheck(environment, error);
    await pulumi.log.warn(
      "Not checked: whether ids are free, whether there are archives of guests that are about to be made, whether a " +
        `change would reboot or replace a guest (${replacementsWithoutNode(environment)}), and disks of adopted guests; ` +
        `the node's time zone is taken for UTC, because ${error.message}`,
    );
    return { unanswered: error.message };
  }
}

/** Pulumi's own protection is what is left then. */
function replacementsWithoutNode({ protectGuests }: Environment): string {
  return protectGuests
    ? "Pulumi's protect still stops a replacement"
    : "nothing stops a replacement: lifeboat:protectGuests is false";
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
