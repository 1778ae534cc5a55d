import type { DumpItem, DumpManifest } from "../../../site/data/manifest";
import type { RestoredItem } from "../../../site/drill/dump-verdict";
import { type DataSource, drillOf } from "../../../site/settings/data";
import type { DataProgram, DrilledItem } from "../../clients/data-program/data-program";
import type { StepContext } from "../engine/step";
import { carryInto } from "../steps/data/carry-into";
import { requireIdentity } from "../steps/data/require-identity";

type Telling = Pick<StepContext, "signal" | "progress">;

/**
 * Has each thing of a dump restored into a throw-away of its own in the guest, one after the other. What is encrypted is opened on this
 * machine on its way.
 *
 * @throws CommandError (1) where something cannot be restored, (12), (13), (14) where it was not tried; GuestUnreachable
 */
export async function restoreDump(
  program: DataProgram,
  source: DataSource,
  manifest: DumpManifest,
  identity: string | undefined,
  { signal, progress }: Telling,
): Promise<RestoredItem[]> {
  await requireIdentity(manifest, identity);
  if (manifest.recipients.length > 0) program.requireStreams();
  const restored: RestoredItem[] = [];
  for (const item of manifest.items) {
    const telling = { signal, progress: (text: string) => progress(`${item.name}: ${text}`) };
    telling.progress("restored into a throw-away");
    restored.push({ item, ...(await drillItem(program, { source, manifest, item }, identity, telling)) });
  }
  return restored;
}

async function drillItem(
  program: DataProgram,
  of: { readonly source: DataSource; readonly manifest: DumpManifest; readonly item: DumpItem },
  identity: string | undefined,
  telling: Telling,
): Promise<DrilledItem> {
  const { source, manifest, item } = of;
  const words = ["drill", source.name, item.type, item.name, item.plainSha256, queryFor(source, item)];
  if (manifest.recipients.length === 0) {
    return program.drilledIn(await program.does([...words, manifest.name, item.file], telling.signal), words);
  }
  const fetchWords = ["fetch", source.name, manifest.name, item.file];
  const stream = await program.open(fetchWords, telling.signal);
  const fetched = {
    output: stream.program.output,
    stop: () => stream.program.stop(),
    ended: async () => program.require(fetchWords, await stream.end()),
  };
  return program.drilledIn(await carryInto(program, words, { item, fetched, identity }, telling), words);
}

function queryFor(source: DataSource, { type, name }: DumpItem): string {
  const drill = drillOf(source);
  return type === "database" && name === drill?.database ? drill.query : "";
}
