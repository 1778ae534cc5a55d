import { offsitePlace } from "../../../site/offsite/places";
import { plainText } from "../../../proxmox/api/plain-text";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import { type ChosenMirror, openMirror } from "../../project/mirrored-buckets";
import { formatBytes } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import { dim, green, red } from "../../terminal/text";
import type { Lines } from "../../terminal/talk";
import { mirrorBucket } from "./mirror";
import type { mirrorShape } from "./shape";

type Told = ValueOf<typeof mirrorShape>["buckets"][number];

/** Mirrors buckets, one after the other; one that fails keeps no other from it. */
export async function mirrorBuckets(mirrors: readonly ChosenMirror[], context: CommandContext): Promise<ExitCode> {
  const { progress, output } = context;
  const buckets: { readonly told: Told; readonly exitCode: ExitCode }[] = [];
  for (const mirror of mirrors) {
    const one = await progress.step(
      `Mirror ${mirror.selector}`,
      (update) => runOne(mirror, context, update),
      ({ exitCode }) => ({ mark: exitCode === exitCodes.done ? "good" : "bad" }),
    );
    buckets.push(one);
  }
  const bad = buckets.filter(({ exitCode }) => exitCode !== exitCodes.done);
  const [first] = bad;
  const exitCode =
    first === undefined ? exitCodes.done : bad.length < buckets.length ? exitCodes.partly : first.exitCode;
  output.result({ exitCode, buckets: buckets.map(({ told }) => told) }, (lines) => {
    for (const { told } of buckets) print(told, lines);
  });
  return exitCode;
}

async function runOne(mirror: ChosenMirror, { signal }: CommandContext, update: (text: string) => void) {
  const { bucket, endpoint } = mirror.bucket;
  const base = { bucket: mirror.selector, from: offsitePlace({ bucket, endpoint }) };
  try {
    const open = await openMirror(mirror, signal);
    const done = await mirrorBucket(open, { now: Date.now(), signal, progress: update });
    const told: Told = { ...base, outcome: "mirrored", to: `${open.far.place}, below ${open.folder}`, ...done };
    return { told, exitCode: done.unread.length === 0 ? exitCodes.done : exitCodes.partly };
  } catch (error) {
    signal.throwIfAborted();
    const { reason, hint, exitCode, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    const told: Told = { ...base, outcome: "failed", message: reason, ...(hint === undefined ? {} : { hint }) };
    return { told, exitCode };
  }
}

/** Names of what could not be read that are shown. */
const shown = 5;

function print(told: Told, lines: Lines): void {
  if (told.outcome === "failed") {
    lines.hanging([red("✗"), ` ${told.bucket}: `], told.message);
    if (told.hint !== undefined) lines.hanging(["  ", dim("→ ")], told.hint, dim);
    return;
  }
  const { sent, unread } = told;
  const text = `${String(told.objects)} objects, ${String(told.versions)} versions; ${String(sent.versions)} sent (${formatBytes(sent.bytes)}), list ${told.list}`;
  lines.hanging([unread.length === 0 ? green("✓") : red("✗"), ` ${told.bucket}: `], text);
  for (const { key, why } of unread.slice(0, shown)) lines.hanging(["  ", red("✗"), " "], `${plainText(key)}: ${why}`);
  if (unread.length > shown) lines.line(`  ✗ and ${String(unread.length - shown)} more (--json names them)`);
  if (told.versioned) return;
  const hint = "the bucket keeps no versions: what is replaced between two runs is lost. Switch versioning on there";
  lines.hanging(["  ", dim("→ ")], hint, dim);
}
