import { pulumiLine } from "../../../../site/plain-pulumi";
import { readArchiveOver } from "../../../clients/node-program/archive-reader";
import type { Comparison } from "../../../clients/pulumi-cli/compare-pulumi";
import { compareEnvironment } from "../../../project/pulumi-variables";
import type { LoadedEnvironment } from "../../../project/site";
import type { Finding } from "../../engine/step";
import type { GuestSession } from "../../engine/session";
import { declaredIds } from "./declared-ids";
import { nodeAccess } from "../../../clients/keys-on-node";
import { commandIn, guestAccess, nodeLogin } from "./log-in";
import { meantGuest } from "./meant-guest";
import { guestProbe } from "./probe-guest";
import type { GuestWorld } from "./world";
import type { CommandContext } from "../../../project/context";
import { settingsDigestNow, withSettingsNow } from "./settings-now";

/** Seconds that a check is repeated unless the command line says otherwise: services of a guest come up slowly. */
export const defaultCheckSeconds = 120;

/** Connects the steps to the node, the guest and Pulumi. What they check is what they have just restored. */
export async function openWorld(session: GuestSession, checkSeconds: number, asRoot: boolean): Promise<GuestWorld> {
  const { client, context, environment, guest, dryRun } = session;
  return {
    client,
    meant: meantGuest(guest, environment.settings),
    rootClient: asRoot && !dryRun ? await environment.rootClient() : undefined,
    probe: guestProbe(client, {
      access: (target) => guestAccess(session, target, true),
      command: (target, command, signal) => commandIn(session, target, command, signal, { isNew: true }),
    }),
    readArchive: (host, path, signal, onProgress) =>
      readArchiveOver(nodeAccess(nodeLogin(session)), host, path, { signal, onProgress }),
    checkSeconds,
    declaredIds: () => withSettingsNow(context, declaredIds),
    settingsDigest: () => settingsDigestNow(session),
    comparePulumi: (signal) => comparisonFindings(environment, { ...context, signal }),
  };
}

/** What Pulumi would change in an environment, as findings. */
export async function comparisonFindings(
  environment: LoadedEnvironment,
  { io, signal }: Pick<CommandContext, "io" | "signal">,
): Promise<Finding[]> {
  return findingsOf(environment.name, await compareEnvironment(environment, io.environment, signal));
}

function findingsOf(environment: string, comparison: Comparison): Finding[] {
  if (!comparison.compared) {
    return [{ severity: "todo", text: `not compared with Pulumi: ${comparison.why}`, mend: comparison.command }];
  }
  if (comparison.differences.length === 0) {
    return [{ severity: "note", text: `Pulumi agrees: a preview of ${environment} changes nothing` }];
  }
  const mend = pulumiLine(environment, "up --refresh");
  return comparison.differences.map(({ resource, operation, properties }) => ({
    severity: "todo",
    text: `Pulumi would ${operation} ${resource}${properties.length === 0 ? "" : ` (${properties.join(", ")})`}`,
    mend,
  }));
}
