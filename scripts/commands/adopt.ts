import * as z from "zod";
import { adoptionOf, graceEnd, madeByLifeboat, type Adoption, type FoundGuest } from "../../site/adoption";
import { dayOf } from "../../site/opt-outs";
import { type SettingsEdit, proposeGuests, writeEdit } from "../project/edit-settings";
import type { LoadedEnvironment } from "../project/environment";
import { adoptionBlock } from "../project/guest-block";
import type { Site } from "../project/site";
import { forceFlag, confirm } from "../recovery/engine/settle-demands";
import { changedLines, printChangedLines } from "../terminal/changed-lines";
import { defineCommand } from "./frame/command";
import { CommandError, usageError } from "../terminal/command-error";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { type Column, fitTable, type FlexibleColumn } from "../terminal/fitted-table";
import type { Lines } from "../terminal/talk";
import { dim, shortenName } from "../terminal/text";
import { asJson, type Candidate, candidatesOf, chooseUnnamed } from "../inspect/unnamed/choose-unnamed";
import { groupBy } from "../machine/group-by";
import { inspectGuests, type SeenGuests } from "../inspect/unnamed/unnamed-guests";
import type { CommandContext } from "../project/context";

/** What one settings file gets. */
interface AdoptionPlan {
  readonly edit: SettingsEdit;
  readonly adoptions: readonly Adoption[];
  /** Last day on which disks may stay without a backup. */
  readonly until: string;
}

const inputSchema = z.object({
  ids: z.array(z.string()).default([]),
  env: z.string().optional(),
  owner: z.string().trim().min(1).max(200).default("to be named"),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Writes guests that were made by hand into the settings, so that they are backed up and can be restored. They are never owned: nothing of Lifeboat changes or deletes them. The block comes from the guest as it is now (name, node, checks, disks that Proxmox leaves out of backups); the rest of the file stays as it is, comments included. Without an id: lists the guests that no settings name.",
  examples: [
    { command: "lifeboat adopt", meaning: "which guests are in no settings" },
    { command: "lifeboat adopt 140", meaning: "show what would be written for guest 140, ask, write it" },
    { command: "lifeboat adopt 140 141 150 --force", meaning: "several, without a question, for scripts" },
    { command: "lifeboat adopt prod/140", meaning: "where several environments could be meant" },
  ],
  arguments: [{ name: "ids", description: "ids in Proxmox, or environment/id", required: false, variadic: true }],
  options: [
    { flags: "--env <environment>", description: "into the settings of this environment" },
    { flags: "--owner <name>", description: "who answers for disks that are in no backup" },
    { flags: "--force", description: "do not ask" },
    { flags: "--dry-run", description: "show what would be written; write nothing" },
  ],
  input: inputSchema,
  aim: ({ ids }) => (ids.length === 0 ? "list guests that no settings name" : `adopt ${ids.join(", ")}`),
  run: async (input, context) => {
    const site = await context.site();
    const environments = chosenEnvironments(site, input, context);
    const seen = await context.progress.step(titleOf(environments), () =>
      inspectGuests(environments, site.environments().usable),
    );
    if (input.ids.length === 0) return list(seen, input, context);
    return adopt(seen, input, context);
  },
});

/** Settings that are wrong keep nobody from adopting into others. */
function chosenEnvironments(site: Site, { env, ids }: Input, { talk }: CommandContext): LoadedEnvironment[] {
  const named = ids.flatMap((id) => (id.includes("/") ? site.environment(id.slice(0, id.indexOf("/"))) : []));
  if (env !== undefined) return [site.environment(env)];
  if (ids.length > 0 && named.length === ids.length) return [...new Set(named)];
  const { usable, unusable } = site.environments();
  const [broken] = unusable;
  if (broken !== undefined && usable.length === 0) throw broken.error;
  for (const { name } of unusable) talk.warning(`The settings of ${name} cannot be used: lifeboat doctor ${name}`);
  return usable;
}

function titleOf(environments: readonly LoadedEnvironment[]): string {
  return `look at the guests of ${environments.map(({ name }) => name).join(", ")}`;
}

function list(seen: SeenGuests, { force }: Input, { output, talk }: CommandContext): ExitCode {
  if (force) throw usageError("no guest is named", "name ids: lifeboat adopt 140 141 --force");
  const [first] = seen.failures;
  if (first !== undefined && seen.guests.length === 0) throw failed(first.failure);
  for (const { failure } of seen.failures) talk.warning(failure.message);
  const candidates = candidatesOf(seen);
  const unknown = seen.failures.map(({ endpoint, failure }) => ({ endpoint, message: failure.message }));
  output.result({ guests: candidates.map(asJson), unknown }, (lines) => printCandidates(candidates, lines));
  return unknown.length === 0 ? exitCodes.done : exitCodes.partly;
}

function failed({ message, exitCode, hint }: SeenGuests["failures"][number]["failure"]): CommandError {
  return new CommandError(message, { exitCode, hint, complete: true });
}

function printCandidates(candidates: readonly Candidate[], lines: Lines): void {
  const [first] = candidates;
  if (first === undefined) {
    lines.line("Every guest that the token may see is in the settings.");
    return;
  }
  const columns: (Column<Candidate> | FlexibleColumn<Candidate>)[] = [
    { heading: dim("ID"), cell: ({ guest }) => String(guest.id), align: "right" },
    { heading: dim("NAME"), text: ({ guest }) => guest.name, readable: 20, shorten: shortenName },
    { heading: dim("KIND"), cell: ({ guest }) => (guest.type === "lxc" ? "container" : "virtual machine") },
    { heading: dim("NODE"), cell: ({ guest }) => guest.node, leaveOut: 1 },
    { heading: dim("ENVIRONMENT"), cell: ({ environment }) => environment.name },
  ];
  lines.table(fitTable(candidates, columns, lines.room));
  lines.line(`They are in no settings. To adopt the first: lifeboat adopt ${String(first.guest.id)}`);
}

async function adopt(seen: SeenGuests, input: Input, context: CommandContext): Promise<ExitCode> {
  const chosen = [...new Set(input.ids)].map((id) => chooseUnnamed(id, seen));
  const groups = [...groupBy(chosen, ({ environment }) => environment)];
  const plans = await context.progress.step("read their configurations", () =>
    Promise.all(groups.map(([environment, candidates]) => planFor(environment, candidates, input))),
  );
  if (input.dryRun) {
    context.output.result({ dryRun: true, ...valueOf(plans) }, (lines) => showPlans(plans, lines));
    return exitCodes.done;
  }
  showPlans(plans, context.talk);
  const files = plans.map(({ edit }) => edit.file).join(" and ");
  const question = `Write this into ${files}? The guests themselves stay as they are.`;
  await confirm([{ flag: forceFlag, reason: question, question }], { [forceFlag]: input.force }, context);
  for (const { edit } of plans) writeEdit(edit);
  context.output.result(valueOf(plans), (lines) => report(plans, lines));
  return exitCodes.done;
}

async function planFor(
  environment: LoadedEnvironment,
  candidates: readonly Candidate[],
  { owner }: Input,
): Promise<AdoptionPlan> {
  const client = await environment.client();
  const { proxmox, guests } = environment.settings;
  const { time, timezone } = await client.cluster.nodeTime(proxmox.node);
  const until = graceEnd(dayOf(time, timezone));
  const found = await Promise.all(
    candidates.map(async ({ guest: { id, type, node } }): Promise<FoundGuest> => {
      const configuration = await client.guests.guestConfig({ node, type, vmid: id });
      return { id, type, node, configuration };
    }),
  );
  const names = new Set(guests.map(({ name }) => name));
  const adoptions = found.map((guest) => {
    refuseOwn(guest);
    const adoption = adoptionOf(guest, { node: proxmox.node, names });
    names.add(adoption.name);
    return adoption;
  });
  const blocks = adoptions.map((adoption) => adoptionBlock(adoption, { owner, until }));
  return { edit: proposeGuests(environment, blocks), adoptions, until };
}

/** Adopted, a guest that Lifeboat made would have two owners: its environment, and nobody. */
function refuseOwn(guest: FoundGuest): void {
  const mark = madeByLifeboat(guest);
  if (mark === undefined) return;
  throw new CommandError(`guest ${String(guest.id)} was made by Lifeboat, as ${mark.environment}/${mark.guest}`, {
    exitCode: exitCodes.refused,
    hint: `put its block back into Pulumi.${mark.environment}.yaml, or remove its mark from its notes in Proxmox first`,
  });
}

function showPlans(plans: readonly AdoptionPlan[], lines: Lines): void {
  for (const { edit } of plans) {
    lines.line(`${edit.file}:`);
    printChangedLines(changedLines(edit.before, edit.after), lines);
  }
}

function valueOf(plans: readonly AdoptionPlan[]) {
  return {
    environments: plans.map(({ edit, adoptions, until }) => ({
      environment: edit.environment,
      file: edit.file,
      guests: adoptions.map(({ name, id, disks }) => ({ name, id, disksWithoutBackup: disks })),
      optOutsUntil: adoptions.some(({ disks }) => disks.length > 0) ? until : null,
      added: changedLines(edit.before, edit.after).added,
      next: `pulumi up -s ${edit.environment}`,
    })),
  };
}

function report(plans: readonly AdoptionPlan[], lines: Lines): void {
  for (const { edit, adoptions, until } of plans) {
    const guests = adoptions.map(({ name, id }) => `${name} (${String(id)})`).join(", ");
    lines.line(`Adopted into ${edit.environment}: ${guests}.`);
    for (const { name, disks } of adoptions) {
      for (const { key, volume } of disks) {
        lines.line(
          `  Disk ${key} (${volume}) of ${name} is in no backup. Decide by ${until}: previews fail afterwards.`,
        );
      }
    }
    lines.line(`To have them backed up: pulumi up -s ${edit.environment}`);
  }
}
