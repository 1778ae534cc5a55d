import * as z from "zod";
import { isSnapshotName } from "../../proxmox/rules/snapshots";
import { isScheduledName, nameByTime } from "../../site/snapshots";
import type { PresentGuest } from "../recovery/steps/guest/inspection";
import { confirm } from "../recovery/engine/settle-demands";
import { type GuestSession, openSession, takeLock } from "../recovery/engine/session";
import { readSnapshots } from "../recovery/steps/guest/guest-snapshots";
import { idleGuest } from "../recovery/steps/guest/idle-guest";
import { requireSnapshotSupport } from "../recovery/steps/guest/snapshot-guest";
import { removeSnapshot, takeSnapshot } from "../recovery/steps/guest/take-snapshot";
import { defineCommand } from "./frame/command";
import { CommandError, usageError } from "../terminal/command-error";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";

const inputSchema = z.object({
  guest: z.string(),
  name: z.string().optional(),
  description: z.string().max(512).optional(),
  remove: z.string().optional(),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Takes a snapshot of a guest's disks. It takes seconds and does not interrupt the guest; its memory is not in it. A snapshot lies on the storage of the guest's own disks: it is no backup, and an in-place restore deletes it.",
  examples: [
    { command: "lifeboat backup snapshot web --name before-update", meaning: "before something risky" },
    { command: "lifeboat restore snapshot web before-update", meaning: "go back to it" },
    { command: "lifeboat snapshots web", meaning: "see all of them" },
    { command: "lifeboat backup snapshot web --remove before-update", meaning: "remove it" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  options: [
    {
      flags: "--name <name>",
      description: "letters, digits, - and _; by default by the time, such as manual-20261120-030000",
    },
    { flags: "--description <text>", description: "what it is for" },
    { flags: "--remove <name>", description: "remove this snapshot instead of taking one" },
    { flags: "--force", description: "with --remove: do not ask" },
    { flags: "--dry-run", description: "show the plan; send nothing that changes anything" },
  ],
  input: inputSchema.refine(
    ({ name, description, remove }) => remove === undefined || (name ?? description) === undefined,
    {
      error: "--remove excludes --name and --description",
    },
  ),
  aim: ({ guest, remove }) =>
    remove === undefined ? `take a snapshot of ${guest}` : `remove snapshot ${remove} of ${guest}`,
  interrupt: "clean",
  run: async (input, context) => {
    if (input.name !== undefined) refuseName(input.name);
    const session = await openSession(input.guest, context, input.dryRun);
    if (!input.dryRun) takeLock(session, `lifeboat backup snapshot ${session.selector}`);
    return input.remove === undefined ? take(session, input) : remove(session, input.remove, input);
  },
});

function refuseName(name: string): void {
  if (!isSnapshotName(name)) {
    throw usageError(
      `'${name}' cannot be the name of a snapshot`,
      "2 to 40 letters, digits, - and _, a letter first, such as before-update",
    );
  }
  if (isScheduledName(name))
    throw usageError(`names such as '${name}' are the schedule's`, "choose another, such as before-update");
}

async function take(session: GuestSession, input: Input): Promise<ExitCode> {
  const { context, client, guest, selector, dryRun } = session;
  const { present, name } = await context.progress.step(`Look at ${guest.name}`, async () => {
    const found = await idleGuest(session);
    await requireSnapshotSupport(session, found);
    return { present: found, name: input.name ?? (await freeName(session, found)) };
  });
  if (present.snapshots.includes(name)) {
    throw new CommandError(`${guest.name} has a snapshot ${name} already`, {
      exitCode: exitCodes.refused,
      hint: `choose another name, or remove it: lifeboat backup snapshot ${selector} --remove ${name}`,
    });
  }
  const plan = { guest: selector, vmid: guest.id, node: present.address.node, snapshot: name };
  if (dryRun) {
    context.output.result({ plan }, (lines) => lines.line(`Would take snapshot ${name} of ${guest.name}.`));
    return exitCodes.done;
  }
  const description = input.description ?? "taken with lifeboat";
  await context.progress.step(`Take snapshot ${name} of ${guest.name}`, () =>
    takeSnapshot(client, present.address, { name, description }, context.signal),
  );
  const goBack = `lifeboat restore snapshot ${selector} ${name}`;
  context.output.result({ ...plan, goBack }, (lines) => {
    lines.line(`Took snapshot ${name} of ${guest.name}.`);
    lines.line(`To go back to it: ${goBack}`);
  });
  return exitCodes.done;
}

async function freeName({ client }: GuestSession, { address, snapshots }: PresentGuest): Promise<string> {
  const { time, timezone } = await client.cluster.nodeTime(address.node);
  return nameByTime("manual", time, timezone, snapshots);
}

async function remove(session: GuestSession, name: string, { force }: Input): Promise<ExitCode> {
  const { context, client, guest, selector, dryRun } = session;
  const present = await context.progress.step(`Look at ${guest.name}`, () => idleGuest(session));
  const snapshot = (await readSnapshots(client, present.address)).find((one) => one.name === name);
  if (snapshot === undefined) {
    throw new CommandError(`${guest.name} has no such snapshot`, {
      exitCode: exitCodes.nothing,
      hint: `see what there is: lifeboat snapshots ${selector}`,
    });
  }
  const value = { guest: selector, vmid: guest.id, node: present.address.node, removed: name };
  if (dryRun) {
    context.output.result({ plan: value }, (lines) => lines.line(`Would remove snapshot ${name} of ${guest.name}.`));
    return exitCodes.done;
  }
  const question = `Remove snapshot ${name} of ${guest.name}? The guest itself stays as it is.`;
  await confirm([{ flag: "--force", reason: "it is not confirmed", question }], { "--force": force }, context);
  await context.progress.step(`Remove snapshot ${name} of ${guest.name}`, () =>
    removeSnapshot(client, present.address, name, context.signal),
  );
  context.output.result(value, (lines) => lines.line(`Removed snapshot ${name} of ${guest.name}.`));
  return exitCodes.done;
}
