import { counted } from "../../terminal/text";
import type { StorageEntry } from "../../../proxmox/api/answers";
import { readCertificate } from "../../../proxmox/api/certificate";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { missingPrivileges } from "../../../proxmox/api/permissions";
import { missingLines, neededPrivileges } from "../../../proxmox/rules/privileges";
import { isTimeZone } from "../../../proxmox/rules/time-zones";
import type { Environment } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { rootPasswordHint } from "../../project/root-password";
import { CommandError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import { hintFor, setupHint } from "../../clients/failure";
import { type Check, ok, problem, skipped, unavailableKinds, warning } from "./check";
import { inspectExporter } from "./exporter";
import { inspectFirewall } from "./firewall";
import { inspectMounts } from "./mounts";
import { inspectOwnership } from "./ownership";
import { readClock } from "../node-clock";
import { nodesOf, scopeOf, type StorageNeed, storageNeeds } from "../../../site/needs";

/** Oldest major version whose API the client knows. */
const oldestRelease = 8;

/** A clock that is off by more than this many seconds confuses ages and `--at`. */
const tolerableSkew = 30;

/** Days before its end from which on a certificate is worth a warning. */
const certificateNotice = 30;

/** Looks at everything that Lifeboat needs of an environment's node: read only, and each thing that is wrong is said. */
export async function inspectAccess(environment: LoadedEnvironment): Promise<Check[]> {
  const { settings } = environment;
  const guests = counted(settings.guests.length, "guest");
  const first = [ok("settings", `${environment.file}: ${guests}`)];
  const connection = await inspectConnection(environment);
  const token = await guarded("token", () => inspectToken(environment));
  const found = [...first, connection, token];
  if (connection.verdict === "problem") return [...found, skipped("node", "not asked: there is no connection")];
  if (token.verdict === "problem") return [...found, skipped("node", "not asked: there is no token")];
  return [...found, ...(await inspectNode(await environment.client(), environment))];
}

async function inspectConnection(environment: LoadedEnvironment): Promise<Check> {
  return guarded("connection", async () => {
    const { endpoint, trust } = environment.settings.proxmox;
    const certificate = await readCertificate(endpoint, environment.trust());
    const until = new Date(certificate.validTo * 1_000).toISOString().slice(0, 10);
    const how = {
      ca: "signed by the site's CA",
      fingerprint: "with the pinned fingerprint",
      system: "signed by a known CA",
    };
    const text = `${endpoint}, certificate ${how[trust.kind]}, valid until ${until}`;
    const days = Math.floor((certificate.validTo - Date.now() / 1_000) / 86_400);
    if (days < certificateNotice)
      return warning(
        "connection",
        `${text} (${counted(days, "day")} left)`,
        "renew it on the node: pvecm updatecerts, or through ACME",
      );
    if (!certificate.namesEndpoint)
      return warning(
        "connection",
        `${text}, but issued for another name: pulumi will refuse it`,
        "use the name or address in the certificate as endpoint",
      );
    return ok("connection", text);
  });
}

async function inspectToken(environment: LoadedEnvironment): Promise<Check> {
  const { value, origin } = await environment.token();
  return ok("token", `${value.slice(0, value.indexOf("="))} from ${origin}`);
}

async function inspectNode(client: ProxmoxClient, environment: LoadedEnvironment): Promise<Check[]> {
  const { settings } = environment;
  const version = await guarded("version", () => inspectVersion(client));
  if (version.unavailable !== undefined) return [version];
  return [
    version,
    ...(await inspectNodes(client, settings)),
    ...(await guardedAll("privileges", () => inspectPrivileges(client, settings))),
    ...(await guardedAll("exporter", () => inspectExporter(client, environment))),
    ...(await guardedAll("pools", () => inspectPools(client, settings))),
    ...(await guardedAll("storages", () => inspectStorages(client, settings))),
    ...(await guardedAll("storages", () => inspectMounts(client, settings))),
    ...(await guardedAll("guests", () => inspectOwnership(client, settings))),
    ...(await guardedAll("firewall", () => inspectFirewall(client, settings))),
    ...inspectRootNeeds(environment),
  ];
}

async function inspectVersion(client: ProxmoxClient): Promise<Check> {
  const { version } = await client.cluster.version();
  const major = Number(version.split(".")[0]);
  if (major >= oldestRelease) return ok("version", `Proxmox VE ${version}`);
  return problem("version", `Proxmox VE ${version}: ${String(oldestRelease)} or newer is needed`);
}

async function inspectNodes(client: ProxmoxClient, settings: Environment): Promise<Check[]> {
  return guardedAll("node", async () => {
    const known = new Map((await client.cluster.nodes()).map((entry) => [entry.node, entry]));
    const wanted = nodesOf(settings);
    return Promise.all(
      wanted.map(async (node) => {
        const entry = known.get(node);
        if (entry === undefined) {
          const names = [...known.keys()].join(", ");
          return problem(
            "node",
            `there is no node '${node}' behind this endpoint (there is: ${names})`,
            "correct 'node' in the settings",
          );
        }
        if (entry.status === "offline") return problem("node", `${node} is offline`);
        return guarded(`node`, () => inspectClock(client, node));
      }),
    );
  });
}

async function inspectClock(client: ProxmoxClient, node: string): Promise<Check> {
  const { difference: skew, timezone } = await readClock(client, node);
  if (!isTimeZone(timezone)) return problem("node", `${node} has the time zone '${timezone}', which is not known here`);
  const text = `${node}, time zone ${timezone}`;
  if (Math.abs(skew) <= tolerableSkew) return ok("node", `${text}, clock agrees`);
  const direction = skew > 0 ? "ahead of" : "behind";
  return warning(
    "node",
    `${text}, its clock is ${formatDuration(Math.abs(skew))} ${direction} this machine's`,
    "set the time on both (NTP): ages of backups and --at depend on it",
  );
}

async function inspectPrivileges(client: ProxmoxClient, settings: Environment): Promise<Check[]> {
  const needed = neededPrivileges(scopeOf(settings));
  const missing = await missingPrivileges(client, needed);
  if (missing.length === 0) return [ok("privileges", `all ${String(needed.length)} that are needed`)];
  return missingLines(missing).map((line) => problem("privileges", line, setupHint));
}

/** Proxmox says of a pool that is not there that it is not allowed. Says nothing where no guest of the settings has one. */
async function inspectPools(client: ProxmoxClient, settings: Environment): Promise<Check[]> {
  const { pools } = scopeOf(settings);
  if (pools.length === 0) return [];
  const known = new Set((await client.cluster.pools()).map(({ poolid }) => poolid));
  const unlisted = pools.filter((pool) => !known.has(pool));
  const needed = unlisted.map((pool) => ({ pool, privilege: "Pool.Audit", path: `/pool/${pool}` }));
  const unseen = new Set((await missingPrivileges(client, needed)).map(({ pool }) => pool));
  const findings = unlisted.map((pool) =>
    unseen.has(pool)
      ? skipped("pools", `whether there is a pool ${pool} is not known: the token may not see it`)
      : problem("pools", `there is no pool ${pool}`, `make it on a node: pveum pool add ${pool}`),
  );
  return findings.length > 0 ? findings : [ok("pools", pools.join(", "))];
}

async function inspectStorages(client: ProxmoxClient, settings: Environment): Promise<Check[]> {
  const needs = storageNeeds(settings);
  const byNode = new Map(
    await Promise.all(nodesOf(settings).map(async (node) => [node, await client.backups.storages(node)] as const)),
  );
  const findings = needs.flatMap((need) => inspectStorage(need, byNode.get(need.node) ?? [], settings));
  const names = [...new Set(needs.map((need) => need.storage))].join(", ");
  return findings.length > 0 ? findings : [ok("storages", names)];
}

function inspectStorage(need: StorageNeed, storages: readonly StorageEntry[], settings: Environment): Check[] {
  const { storage, node, content, user } = need;
  const entry = storages.find((candidate) => candidate.storage === storage);
  const declared = settings.backup.storage.id === storage && settings.backup.storage.type !== "adopted";
  if (entry === undefined) {
    const text = `${storage} is not on ${node}${declared ? " yet" : ""} (needed by ${user})`;
    return [declared ? warning("storages", text, "lifeboat up makes it") : problem("storages", text)];
  }
  if (entry.enabled === false || entry.active === false)
    return [problem("storages", `${storage} on ${node} is not active`, whyInactive(entry))];
  if ((entry.content ?? "").split(",").includes(content)) return [];
  const hint = `pvesm set ${storage} --content ${[entry.content, content].join(",")}`;
  return [problem("storages", `${storage} on ${node} does not take '${content}' (needed by ${user})`, hint)];
}

/** Where to look for what the list of storages does not say. */
function whyInactive({ storage, type }: StorageEntry): string | undefined {
  if (type !== "pbs") return undefined;
  return `on the node, pvesm list ${storage} says why: the backup server does not answer, its certificate has another fingerprint, or its password is another`;
}

/** What no token may do, however many privileges it has. */
function inspectRootNeeds(environment: LoadedEnvironment): Check[] {
  const bound = environment.settings.guests.filter(
    (guest) => guest.kind === "container" && guest.disks.some((disk) => disk.kind === "bind"),
  );
  if (bound.length === 0 || environment.hasRootPassword()) return [];
  const names = bound.map((guest) => guest.name).join(", ");
  return [
    warning(
      "root@pam",
      `${names}: Proxmox lets only root@pam make and restore containers with bind mounts, and no password is set`,
      rootPasswordHint,
    ),
  ];
}

/** A check whose failure is a finding. */
async function guarded(subject: string, check: () => Promise<Check>): Promise<Check> {
  const [finding] = await guardedAll(subject, async () => [await check()]);
  return finding ?? skipped(subject, "nothing to look at");
}

async function guardedAll(subject: string, check: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof CommandError) return [problem(subject, error.message, error.hint)];
    if (!(error instanceof ProxmoxError)) throw error;
    const unavailable = unavailableKinds.find((kind) => kind === error.kind);
    const found = problem(subject, error.message, hintFor(error));
    return [unavailable === undefined ? found : { ...found, unavailable }];
  }
}
