import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { missingLines } from "../../../proxmox/rules/privileges";
import { exporterGroup, exporterNeeds, exporterUser } from "../../../proxmox/rules/exporter-privileges";
import { exporterTokenName } from "../../../site/monitoring/exporter-token-name";
import { scopeOf } from "../../../site/needs";
import { setupHint } from "../../clients/failure";
import type { LoadedEnvironment } from "../../project/environment";
import { type Check, ok, problem, warning } from "./check";

const subject = "exporter";

/** Whether the user is fit of whose tokens the exporter gets one. Says nothing where the settings ask for none. */
export async function inspectExporter(client: ProxmoxClient, environment: LoadedEnvironment): Promise<Check[]> {
  const { settings } = environment;
  if (settings.exporterTokens.length === 0) return [];
  const user = await findUser(client);
  if (user === undefined) return [problem(subject, `there is no user ${exporterUser}`, setupHint)];
  if (!user.enable) return [problem(subject, `the user ${exporterUser} is disabled`, setupHint)];
  if (!user.groups.includes(exporterGroup)) {
    const text = `the user ${exporterUser} is not in the group ${exporterGroup}: no token of it can be made`;
    return [problem(subject, text, setupHint)];
  }
  const findings = [...(await lacking(client, environment)), ...(await excess(client))];
  const names = settings.exporterTokens.map((number) =>
    exporterTokenName(environment.project.name, settings.name, number),
  );
  const absent = names.filter((name) => !user.tokens.includes(name));
  const more = unnamed(user.tokens, environment);
  if (findings.length > 0 || (more.length > 0 && absent.length === 0)) return [...findings, ...more];
  if (absent.length === 0) return [ok(subject, `${exporterUser} has ${names.join(", ")}, and may look at all it must`)];
  return [
    warning(subject, `${exporterUser} has no token ${absent.join(", ")} yet`, `lifeboat up ${settings.name}`),
    ...more,
  ];
}

/** Tokens of this environment that no number of the settings names, as after its state was lost: nobody takes them away. */
function unnamed(tokens: readonly string[], { project, settings }: LoadedEnvironment): Check[] {
  const others = tokens.filter((token) => {
    const number = Number(/\.(\d+)$/u.exec(token)?.[1]);
    return (
      token === exporterTokenName(project.name, settings.name, number) && !settings.exporterTokens.includes(number)
    );
  });
  return others.map((token) =>
    warning(
      subject,
      `${exporterUser} has a token that no settings name, and it is valid: ${token}`,
      `if nobody uses it, on the node: pveum user token remove ${exporterUser} ${token}`,
    ),
  );
}

async function findUser(client: ProxmoxClient) {
  try {
    return await client.access.user(exporterUser);
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "gone") return undefined;
    throw error;
  }
}

async function lacking(client: ProxmoxClient, { settings }: LoadedEnvironment): Promise<Check[]> {
  const needed = exporterNeeds(scopeOf(settings));
  const paths = [...new Set(needed.map(({ path }) => path))];
  const held = new Map(
    await Promise.all(paths.map(async (path) => [path, await client.access.privilegesOf(exporterUser, path)] as const)),
  );
  const missing = needed.filter(({ path, privilege }) => held.get(path)?.has(privilege) !== true);
  return missingLines(missing).map((line) => problem(subject, `${exporterUser}: ${line}`, setupHint));
}

/** What lies on the monitoring's guest for months should open nothing that the exporter does not need. */
async function excess(client: ProxmoxClient): Promise<Check[]> {
  const wanted = new Set(exporterNeeds({ vmids: [0], backupStorages: ["any"] }).map(({ privilege }) => privilege));
  const permissions = await client.access.permissionsOf(exporterUser);
  const more = Object.entries(permissions).flatMap(([path, privileges]) => {
    const others = Object.keys(privileges).filter((privilege) => !wanted.has(privilege));
    return others.length === 0 ? [] : [`${others.join(", ")} on ${path}`];
  });
  if (more.length === 0) return [];
  const text = `${exporterUser} may do more than the exporter needs: ${more.join("; ")}`;
  return [warning(subject, text, `see which rights it has: pveum user permissions ${exporterUser}`)];
}
