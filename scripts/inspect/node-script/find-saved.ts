import { Writable } from "node:stream";
import { chooseDump } from "../../../site/data/choose-dump";
import type { DumpManifest } from "../../../site/data/manifest";
import { type NodeFiles, speaksOf } from "../../../site/replaced-node/wanted-node";
import { readIdentities } from "../../clients/data-program/age-identity";
import { carry } from "../../clients/data-program/transfer";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import { stateOf } from "../../recovery/engine/session";
import type { DumpShelf } from "../../recovery/restore-data/dump-shelf";
import { guestShelf } from "../../recovery/restore-data/guest-shelf";
import { offsiteShelf } from "../../recovery/restore-data/offsite-shelf";
import type { SourcePlace } from "../../recovery/restore-data/request";
import { openDataProgram } from "../../recovery/steps/data/open-program";
import { requireIdentity } from "../../recovery/steps/data/require-identity";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type DeclaredSource, declaredSources } from "../data/read-source";
import { unpackSaved } from "./unpack-saved";

/** Which saved configuration is looked for. */
export interface SavedWish {
  readonly node: string;
  /** The copies in the bucket elsewhere, in place of the guests. */
  readonly offsite: boolean;
  /** A dump by its name; undefined: the newest. */
  readonly dump: string | undefined;
  /** The file with the age identities; undefined: none is named. */
  readonly identity: string | undefined;
}

/** A saved configuration that speaks of the node. */
export interface SavedConfiguration {
  readonly files: NodeFiles;
  /** `2026-11-20/command/node-030000Z of prod/web/node` */
  readonly what: string;
  /** What could not be looked at, though it may be newer. */
  readonly unseen: readonly string[];
}

/**
 * The newest dump of a source that saves the configuration of nodes and speaks of this one; that of the node itself before one of
 * another node of its cluster.
 *
 * @throws CommandError (10, with `noneSaved`) where everything was looked at and nothing speaks of it, and whatever kept somebody from looking
 */
export async function findSaved(wish: SavedWish, context: CommandContext): Promise<SavedConfiguration> {
  const { sources, unread } = await sourcesOfNodes(context);
  const looked = await context.progress.step(`look for the saved configuration of ${wish.node}`, () =>
    Promise.all(sources.map((source) => look(source, wish, context))),
  );
  const fitting = looked.flatMap((one) => (one.found === undefined ? [] : [one.found]));
  const unseen = [...looked.flatMap((one) => (one.unseen === undefined ? [] : [one.unseen])), ...unread];
  const [best] = fitting.toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn) || b.manifest.time - a.manifest.time);
  if (best !== undefined) return { files: best.files, what: best.what, unseen: unseen.map(({ text }) => text) };
  const [first] = unseen;
  if (first !== undefined) throw withOtherPlaces(first.error, wish);
  throw new CommandError(
    `no saved configuration speaks of ${wish.node}: ${looked.map(({ what }) => what).join("; ")}`,
    {
      exitCode: exitCodes.nothing,
      hint: "name the node as it was called then, or another place: --from offsite, --from FILE",
      details: { noneSaved: true },
    },
  );
}

/** @throws CommandError (2) for settings that cannot be read, (10, with `noneSaved`) where none declare such a source */
async function sourcesOfNodes(
  context: CommandContext,
): Promise<{ readonly sources: readonly DeclaredSource[]; readonly unread: readonly Unseen[] }> {
  const { usable, unusable } = (await context.site()).environments();
  const sources = usable
    .flatMap((environment) => declaredSources(environment, environment.settings.guests))
    .filter(({ source }) => source.kind === "command" && /etc\/pve\b/u.test(`${source.command} ${source.check ?? ""}`));
  // Settings that cannot be read may declare another one.
  const unread = unusable.map(({ name, error }) => ({
    error,
    text: `the settings of ${name}: ${failureOf(error, undefined).reason}`,
  }));
  if (sources.length > 0) return { sources, unread };
  const [broken] = unusable;
  if (broken !== undefined) throw broken.error;
  throw new CommandError("no source of data in the settings saves the configuration of a node", {
    exitCode: exitCodes.nothing,
    hint: "how one is declared: docs/guides/node-configuration.md; where files of it lie somewhere else: --from FILE, or a folder with etc/pve in it",
    details: { noneSaved: true },
  });
}

/** What kept somebody from looking. */
interface Unseen {
  readonly error: unknown;
  readonly text: string;
}

interface Found {
  readonly files: NodeFiles;
  readonly what: string;
  readonly isOwn: boolean;
  readonly manifest: DumpManifest;
}

interface Looked {
  readonly found?: Found;
  readonly unseen?: Unseen;
  /** What was looked at. */
  readonly what: string;
}

/** What keeps one source from being read says nothing of the others. @throws what is a defect of ours */
async function look(declared: DeclaredSource, wish: SavedWish, context: CommandContext): Promise<Looked> {
  const name = `${declared.environment.name}/${declared.guest.name}/${declared.source.name}`;
  try {
    const shelf = shelfOf(declared, wish, context);
    const manifest = await chosen(shelf, wish, name);
    if (manifest === undefined)
      return { what: `${name} has no whole dump${shelf.bucket === undefined ? "" : ` in ${shelf.bucket}`}` };
    const what = `${manifest.name} of ${name}`;
    const files = await filesIn(shelf, manifest, wish, context.signal);
    const speaks = speaksOf(files, wish.node);
    return speaks === "not" ? { what } : { what, found: { files, what, manifest, isOwn: speaks === "its own" } };
  } catch (error) {
    context.signal.throwIfAborted();
    const { reason, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    return { what: name, unseen: { error, text: `${name}: ${reason}` } };
  }
}

function shelfOf(
  { environment, guest, source }: DeclaredSource,
  { offsite }: SavedWish,
  context: CommandContext,
): DumpShelf {
  let program: ReturnType<SourcePlace["program"]> | undefined;
  const session = { environment, state: stateOf(environment, context) };
  const place = { environment, guest, source, program: () => (program ??= openDataProgram(session, guest, source)) };
  return offsite ? offsiteShelf(place, context.signal) : guestShelf(place, context.signal);
}

/** A damaged dump is never passed over in silence for an older one. @throws CommandError (1) */
async function chosen(shelf: DumpShelf, { dump }: SavedWish, name: string): Promise<DumpManifest | undefined> {
  const { manifests, damaged } = await shelf.list();
  const wish = dump === undefined ? ({ kind: "newest" } as const) : ({ kind: "named", dump } as const);
  const choice = chooseDump(manifests, () => true, wish, Math.floor(Date.now() / 1_000));
  const found = choice.kind === "chosen" ? choice.found.manifest : undefined;
  const broken = damaged.find((one) =>
    dump === undefined ? one.dump.time > (found?.time ?? 0) : one.dump.name === dump,
  );
  if (broken === undefined) return found;
  throw new CommandError(`nothing can be read from ${broken.dump.name} of ${name}: ${broken.why}`, {
    exitCode: exitCodes.failed,
    hint: found === undefined ? `see what there is: ${shelf.listing}` : `an older one is whole: --dump ${found.name}`,
  });
}

/** @throws CommandError (1, 12), StoreError, GuestUnreachable */
async function filesIn(
  shelf: DumpShelf,
  manifest: DumpManifest,
  { identity }: SavedWish,
  signal: AbortSignal,
): Promise<NodeFiles> {
  const [item] = manifest.items;
  if (item === undefined) throw new Error("a dump without items");
  await requireIdentity(manifest, identity);
  const bytes = await shelf.open({ dump: manifest.name }, item, signal);
  const chunks: Buffer[] = [];
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const identities = manifest.recipients.length === 0 || identity === undefined ? undefined : readIdentities(identity);
  const cargo = { from: bytes.output, to, sha256: item.sha256, size: item.bytes, identities };
  try {
    await carry(cargo, signal);
  } catch (error) {
    bytes.stop();
    // Whoever gives the bytes says best why they did not come.
    if (!(error instanceof CommandError)) await bytes.ended();
    throw error;
  }
  await bytes.ended();
  return unpackSaved(Buffer.concat(chunks), manifest.name);
}

/** The same error, with the other places of a saved configuration. */
function withOtherPlaces(error: unknown, { offsite, node }: SavedWish): CommandError {
  const { reason, exitCode, hint } = failureOf(error, undefined);
  const places = offsite ? "--from FILE" : "--from offsite, or --from FILE";
  const other = `look in another place: lifeboat node-script ${node} ${places}`;
  return new CommandError(reason, { exitCode, hint: hint === undefined ? other : `${hint}\n${other}` });
}
