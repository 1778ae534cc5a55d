import { monitoringGuest } from "../../site/monitoring/guest";
import { nodesOf } from "../../site/needs";
import { bareText, readStorages, withoutDecided } from "../inspect/status/backup-storages";
import type { LoadedEnvironment } from "../project/environment";
import type { Site } from "../project/site";
import { isOpen } from "../recovery/engine/journal";
import { runOne } from "../recovery/engine/run-one";
import { type GuestSession, journalsOf, sessionOf } from "../recovery/engine/session";
import { whyNoBackup } from "../recovery/rebuild-monitoring/backup";
import { rebuildAnew, withTarget } from "../recovery/rebuild-monitoring/operation";
import { rebuildMonitoringKind, rebuildMonitoringShapes } from "../recovery/rebuild-monitoring/plan";
import { restoreOperation } from "../recovery/restore-guest/operation";
import { restoreGuestShapes } from "../recovery/restore-guest/shape";
import { StackWork } from "../recovery/up/stack-work";
import { CommandError, usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import { named } from "../recovery/engine/shapes";
import * as z from "zod";
import { defineCommand } from "./frame/command";
import { answersOf, commandLine, restoreFlags, restoreFlagsSchema } from "./frame/restore-flags";

const words = ["lifeboat", "rebuild", "monitoring"];

export const command = defineCommand({
  description:
    "Monitoring is gone, or broken: its guest comes back from its newest backup, with all measurements until then. Without a backup its stack makes it again, complete, and its measurements are gone. At the end Prometheus, Alertmanager and Grafana are asked themselves whether they watch.",
  examples: [
    { command: "lifeboat rebuild monitoring --dry-run", meaning: "what is there, what would be done and lost?" },
    { command: "lifeboat rebuild monitoring", meaning: "from its newest backup; without one, by its program" },
    { command: "lifeboat rebuild monitoring --anew", meaning: "by its program, although there are backups" },
  ],
  options: [
    { flags: "--anew", description: "make it again by its program; what it has measured is lost where its guest is" },
    ...restoreFlags,
  ],
  input: restoreFlagsSchema.extend({ anew: z.boolean().default(false) }),
  aim: () => "rebuild monitoring",
  interrupt: "clean",
  prints: { ...named(rebuildMonitoringShapes, "anew"), ...restoreGuestShapes },
  run: async ({ anew, ...flags }, context) => {
    const site = await context.site();
    const environment = monitoringEnvironment(site);
    const session = await sessionOf({ environment, guest: guestOf(environment) }, context, flags.dryRun);
    const fresh = { LIFEBOAT_FRESH: session.guest.name };
    const work = new StackWork(site, environment.name, context, flags.dryRun, fresh);
    const reason = await reasonFor(anew, work, session);
    const given = answersOf(flags);
    const { checkTimeout: checkSeconds } = flags;
    if (reason === undefined) {
      const wish = { archive: undefined, at: undefined, targetId: undefined, node: undefined };
      const asked = { wish, storage: undefined, undoes: undefined, inBatch: false };
      const again = commandLine(words, flags);
      const restore = restoreOperation(session, { ...asked, given, checkSeconds, command: again });
      return runOne(session, withTarget(restore));
    }
    const again = commandLine([...words, ...(anew ? ["--anew"] : [])], flags);
    return runOne(work, rebuildAnew({ work, guest: session, reason }, { given, checkSeconds, command: again }));
  },
});

/** What was begun anew is ended so, also when there is a backup by now: it is one of the new guest. */
async function reasonFor(anew: boolean, work: StackWork, session: GuestSession): Promise<string | undefined> {
  if (anew) return "--anew was given";
  const isBegun = journalsOf(work).some(
    (journal) => isOpen(journal) && journal.contents.kind === rebuildMonitoringKind,
  );
  if (isBegun) return "it was begun so";
  const reason = await whyNoBackup(session);
  if (reason !== undefined) await requireMounted(session, reason);
  return reason;
}

/** Throws (14) where the storage for backups shows none of anybody: its disk need not be mounted, and then nobody knows. */
async function requireMounted({ client, environment, context }: GuestSession, reason: string): Promise<void> {
  const { settings } = environment;
  const { id } = settings.backup.storage;
  const facts = await context.progress.step(`Look whether ${id} shows any backup`, async () =>
    withoutDecided(client, await readStorages(client, nodesOf(settings), id), id),
  );
  const bare = facts.bare.find(({ storage }) => storage === id);
  if (bare === undefined) return;
  throw new CommandError(`${reason}, and ${bareText(bare)}`, {
    exitCode: exitCodes.unavailable,
    hint: `mount it, and again; if there never was a backup: ${[...words, "--anew"].join(" ")}`,
  });
}

function monitoringEnvironment(site: Site): LoadedEnvironment {
  const { usable, unusable } = site.environments();
  const found = usable.filter(({ settings }) => settings.monitoring !== undefined);
  const [one, another] = found;
  if (one === undefined) {
    // It may be one of those whose settings are wrong.
    const [wrong] = unusable;
    if (wrong !== undefined) throw wrong.error;
    throw usageError("no settings declare monitoring", "add lifeboat:monitoring to the environment that has it");
  }
  if (another !== undefined) {
    throw usageError(
      `${found.map(({ name }) => name).join(" and ")} each declare monitoring`,
      "a site has one: keep lifeboat:monitoring in the settings whose stack makes it",
    );
  }
  return one;
}

function guestOf({ name, settings }: LoadedEnvironment) {
  const guest = monitoringGuest(settings);
  if (guest === undefined) throw new Error(`${name} has no guest for its monitoring`);
  return guest;
}
