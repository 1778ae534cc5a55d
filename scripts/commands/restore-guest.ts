import * as z from "zod";
import { inSettings } from "../recovery/engine/left-guest";
import { answersOf, commandLine, restoreFlags, restoreFlagsSchema } from "./frame/restore-flags";
import { type RestoreRequest, restoreOperation } from "../recovery/restore-guest/operation";
import { chooseGuests, distinct } from "../project/choose-guests";
import { findGuestOrArchived } from "../recovery/steps/guest/archived-guest";
import { restoreBatch } from "../recovery/restore-guest/batch/operation";
import { runMany } from "../recovery/engine/run-many";
import { runOne } from "../recovery/engine/run-one";
import { type GuestSession, sessionOf } from "../recovery/engine/session";
import { archiveToFetch } from "../recovery/restore-guest/fetch-archive";
import { fetchArchive, fetchShape, fetchView } from "../recovery/restore-guest/fetch-view";
import { reuseFlag } from "../recovery/restore-guest/demands";
import { runRequested } from "../recovery/restore-guest/requested";
import { restoreGuestShapes, restoreGuestsShapes } from "../recovery/restore-guest/shape";
import { defineCommand } from "./frame/command";
import { momentFlag } from "./frame/moment-flag";
import { requestIdForm, requestIdPattern } from "../../site/settings/values/names";
import { usageError } from "../terminal/command-error";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import type { CommandContext } from "../project/context";

/** Guests that are restored at the same time unless the command line says otherwise. */
const defaultParallel = 2;

const inputSchema = restoreFlagsSchema.extend({
  guests: z.array(z.string()).default([]),
  all: z.boolean().default(false),
  env: z.string().optional(),
  archive: z.string().optional(),
  from: z.literal("offsite", { error: "'offsite' is the only other place of archives" }).optional(),
  at: momentFlag.optional(),
  targetId: z
    .union([z.literal("next"), z.coerce.number().int().min(100).max(999_999_999)], {
      error: "an id from 100 to 999999999, or next",
    })
    .optional(),
  reuseId: z.string().optional(),
  node: z.string().optional(),
  storage: z.string().optional(),
  parallel: z.coerce.number().int().min(1).max(16).default(defaultParallel),
  skipRefused: z.boolean().default(false),
  request: z
    .string()
    .regex(requestIdPattern, { error: `an id such as 2026-11-21-web: ${requestIdForm}` })
    .optional(),
  live: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Brings guests back from their newest backups, starts them and proves that they work. In place by default: a save point is made first, and 'lifeboat undo' goes back to it. With --target-id beside it. Guests that are named together have one plan and one report; if one of them cannot be restored, none is touched.",
  examples: [
    { command: "lifeboat restore guest web", meaning: "show the plan, ask, restore the newest backup" },
    { command: "lifeboat restore guest web --dry-run", meaning: "show the plan only" },
    { command: "lifeboat restore guest web --at 2026-11-20", meaning: "the newest backup of that day or before" },
    { command: "lifeboat restore guest web --target-id next", meaning: "a copy beside the original, with a free id" },
    { command: "lifeboat restore guest web --target-id 901", meaning: "a copy with this id" },
    { command: "lifeboat restore guest web --node pve2 --target-id 901", meaning: "the copy on another node" },
    { command: "lifeboat restore guest web --force --stop", meaning: "without questions, for scripts" },
    { command: "lifeboat restore guest web --from offsite", meaning: "from a copy in another S3 service" },
    { command: "lifeboat restore guest web db prod/mail", meaning: "three guests, two at a time" },
    { command: "lifeboat restore guest --all --env prod", meaning: "every guest of an environment" },
    { command: "lifeboat restore guest prod/150", meaning: "one that has left the settings, from its archives" },
  ],
  arguments: [{ name: "guests", description: "ids, names, or environment/name", required: false, variadic: true }],
  options: [
    { flags: "--all", description: "every guest of the settings" },
    { flags: "--env <environment>", description: "with --all: of this environment only" },
    { flags: "--at <time>", description: "the newest backup that is not later: a day (its end) or a time" },
    {
      flags: "--from <place>",
      description: "'offsite': an archive from lifeboat:offsite, which is brought to the backup storage first",
    },
    { flags: "--archive <volid>", description: "this archive; 'lifeboat backups' lists them" },
    {
      flags: "--target-id <id|next>",
      description: "restore a copy with this id, or with the next one that nothing knows; the original is left alone",
    },
    { flags: "--reuse-id <id>", description: "use this id for the copy although archives, disks or settings have it" },
    { flags: "--node <node>", description: "restore on this node of the cluster, instead of the guest's own" },
    { flags: "--storage <storage>", description: "put all volumes on this storage" },
    {
      flags: "--live",
      description:
        "let a virtual machine run while its disks still come from a Proxmox Backup Server; if that breaks off, it is incomplete, and what it wrote is lost",
    },
    {
      flags: "--parallel <number>",
      description: `guests that are restored at the same time, at most 2 on one node (default ${defaultParallel})`,
    },
    { flags: "--skip-refused", description: "leave out guests that cannot be restored, instead of refusing all" },
    {
      flags: "--request <id>",
      description:
        "carry this out once under that id, and tell it again afterwards; Pulumi programs ask so (RestoreFlow)",
    },
    ...restoreFlags,
  ],
  input: inputSchema
    .refine(({ at, archive }) => at === undefined || archive === undefined, {
      error: "--at and --archive exclude each other",
    })
    .refine(({ from, archive }) => from === undefined || archive === undefined, {
      error: "--from and --archive exclude each other: what is on a storage is fetched from nowhere",
    })
    .refine(({ targetId, reuseId }) => targetId !== "next" || reuseId === undefined, {
      error: "--target-id next takes an unused id, and --reuse-id one that is not: name it with --target-id",
    }),
  aim: ({ guests, all, env }) => {
    if (all) return `restore all guests${env === undefined ? "" : ` of ${env}`}`;
    return ["restore", guests.length === 1 ? "guest" : "guests", guests.join(", ")].join(" ").trimEnd();
  },
  interrupt: "clean",
  prints: { ...restoreGuestShapes, ...restoreGuestsShapes, "--from offsite --dry-run": fetchShape },
  run: async (input, context) => {
    const site = await context.site();
    const found = await inSettings(
      input.guests,
      context,
      () => chooseGuests(input, site),
      async () => distinct(await Promise.all(input.guests.map((guest) => findGuestOrArchived(guest, context)))),
    );
    const sessions = await Promise.all(found.map((one) => sessionOf(one, context, input.dryRun)));
    const [first, ...others] = sessions;
    if (first === undefined) throw usageError("no guest is named");
    if (input.from !== undefined) {
      if (others.length > 0) throw usageError("--from is for one guest: name one, and then the next");
      return restoreFetched(first, input);
    }
    return others.length === 0 ? restoreOne(first, input) : restoreMany([first, ...others], input, context);
  },
});

/** What is on the storage already, or has been brought there, is restored like every archive. */
async function restoreFetched(session: GuestSession, input: Input): Promise<ExitCode> {
  const found = await archiveToFetch(session, input);
  const restored = { ...input, from: undefined, at: undefined, archive: found.volid };
  const { output, progress } = session.context;
  if (found.isThere) {
    if (!input.dryRun) await progress.step(`Compare ${found.archive.name} with its copy`, () => found.compare());
    return restoreOne(session, restored);
  }
  if (input.dryRun) {
    output.result(fetchView(found).value, fetchView(found).print);
    return exitCodes.done;
  }
  await fetchArchive(session, found, input.force);
  return restoreOne(session, restored);
}

function restoreOne(session: GuestSession, input: Input): Promise<ExitCode> {
  const operation = restoreOperation(session, requestOf(input, session, false));
  return input.request === undefined ? runOne(session, operation) : runRequested(session, operation, input.request);
}

async function restoreMany(
  sessions: readonly [GuestSession, ...GuestSession[]],
  input: Input,
  context: CommandContext,
): Promise<ExitCode> {
  if (input.request !== undefined) throw usageError(`--request is for one guest, and ${sessions.length} are named`);
  if (input.archive !== undefined || typeof input.targetId === "number") {
    const [flag, way] =
      input.archive === undefined
        ? ["--target-id with a number", "give each an id of its own: --target-id next"]
        : ["--archive", "restore that one by itself"];
    throw usageError(`${flag} is for one guest, and ${sessions.length} are named`, way);
  }
  const unwanted = namesOf(input.withoutSavePoint).filter((name) => !sessions.some(({ guest }) => guest.name === name));
  if (unwanted.length > 0) {
    throw usageError(`--without-save-point names ${unwanted.join(", ")}, which is not among the guests to restore`);
  }
  const selectors = sessions.map(({ selector }) => selector);
  const words = ["lifeboat", "restore", "guest", ...selectors, ...choiceWords(input), ...batchWords(input)];
  const { parallel, skipRefused, dryRun } = input;
  const [first, ...others] = sessions;
  const memberOf = (session: GuestSession) => ({ session, request: requestOf(input, session, true) });
  const batch = restoreBatch(
    {
      members: [memberOf(first), ...others.map(memberOf)],
      parallel,
      skipRefused,
      dryRun,
      given: answersOf(input),
      command: commandLine(words, input),
    },
    context,
  );
  return runMany(batch);
}

function choiceWords({ at, archive, targetId, reuseId, node, storage, live, request }: Input): string[] {
  return [
    ...(at === undefined ? [] : ["--at", at]),
    ...(archive === undefined ? [] : ["--archive", archive]),
    ...(targetId === undefined ? [] : ["--target-id", String(targetId)]),
    ...(reuseId === undefined ? [] : [`${reuseFlag}=${reuseId}`]),
    ...(node === undefined ? [] : ["--node", node]),
    ...(storage === undefined ? [] : ["--storage", storage]),
    ...(request === undefined ? [] : ["--request", request]),
    ...(live ? ["--live"] : []),
  ];
}

function batchWords({ parallel, skipRefused }: Input): string[] {
  return [
    ...(parallel === defaultParallel ? [] : ["--parallel", String(parallel)]),
    ...(skipRefused ? ["--skip-refused"] : []),
  ];
}

function namesOf(withoutSavePoint: Input["withoutSavePoint"]): string[] {
  return typeof withoutSavePoint === "string" ? withoutSavePoint.split(",") : [];
}

/**
 * What is asked for one guest. The command is the guest's own: also one of a batch can be resumed alone. Of a batch,
 * those that `--without-save-point` names get none.
 */
function requestOf(input: Input, session: GuestSession, inBatch: boolean): RestoreRequest {
  const { archive, at, targetId, node, storage, live } = input;
  const isNamed = namesOf(input.withoutSavePoint).includes(session.guest.name);
  const own = isNamed ? session.guest.name : input.withoutSavePoint === true ? true : undefined;
  const withoutSavePoint = inBatch ? own : input.withoutSavePoint;
  const flags = { ...input, withoutSavePoint };
  return {
    wish: { archive, at, targetId, node },
    storage,
    id: input.request,
    given: { ...answersOf(flags), [reuseFlag]: input.reuseId },
    checkSeconds: input.checkTimeout,
    command: commandLine(["lifeboat", "restore", "guest", session.selector, ...choiceWords(input)], flags),
    undoes: undefined,
    inBatch,
    live,
  };
}
