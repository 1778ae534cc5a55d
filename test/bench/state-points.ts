import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { ObjectStore } from "../../scripts/clients/object-store/object-store";
import { AdoptedSite } from "../commands/support/adopted-site";
import { StateBuilder } from "../support/state/build-state";
import { type Ratio, medianOf } from "./measure";
import { peakOf, watchPeak } from "./peak-memory";
import { StoreServer } from "./store-server";

const sizes = [10, 1_000, 10_000];
const stack = "prod";
const resources = Array.from({ length: 20 }, (_, index) => ({
  name: `disk-${String(index)}`,
  id: `id-${String(index)}`,
}));
const writesAtOnce = 16;

interface Measured {
  readonly milliseconds: number;
  readonly peakMebibytes: number;
}

/** What is measured at each number of restore points. */
type Measures = Readonly<Record<"cold" | "warm" | "restore", Measured>>;

/**
 * `lifeboat restore state`, listing every point and restoring one, with 10, 1,000 and 10,000 restore points on a real S3
 * server. So many times the points may take so many times the time; a second listing reads only what is new.
 */
export async function measurePoints(progress: (line: string) => void): Promise<Ratio[]> {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bench-store-"));
  const guests = [{ id: 101, name: "web" }];
  const site = await AdoptedSite.start([{ name: stack, node: "pve-prod", profile: "prod", guests }]);
  let server: StoreServer | undefined;
  try {
    server = await StoreServer.start(folder);
    const ratios: Ratio[] = [];
    let before: { size: number; measures: Measures } | undefined;
    for (const size of sizes) {
      progress(`${String(size)} restore points`);
      const measures = await measureStack(server, site, folder, size);
      if (before !== undefined) ratios.push(...growthOf(before, { size, measures }));
      if (size > 10) ratios.push(warmth(size, measures));
      before = { size, measures };
    }
    return ratios.toSorted((left, right) => left.measure.localeCompare(right.measure));
  } finally {
    await site.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function growthOf(
  before: { readonly size: number; readonly measures: Measures },
  now: { readonly size: number; readonly measures: Measures },
): Ratio[] {
  const names = { cold: "list, cold", warm: "list, warm", restore: "restore" } as const;
  return (["cold", "warm", "restore"] as const).map((name) => {
    const { milliseconds, peakMebibytes } = now.measures[name];
    const againstMilliseconds = before.measures[name].milliseconds;
    const what = `${String(now.size)} points ÷ ${String(before.size)}`;
    const ratio = milliseconds / againstMilliseconds;
    return {
      measure: names[name],
      what,
      milliseconds,
      againstMilliseconds,
      ratio,
      // In proportion, and a fifth for what else the machine does meanwhile.
      atMost: (1.2 * now.size) / before.size,
      peakMebibytes,
    };
  });
}

function warmth(size: number, { cold, warm }: Measures): Ratio {
  return {
    measure: "list",
    what: `warm ÷ cold, ${String(size)} points`,
    milliseconds: warm.milliseconds,
    againstMilliseconds: cold.milliseconds,
    ratio: warm.milliseconds / cold.milliseconds,
    atMost: 0.7,
    peakMebibytes: warm.peakMebibytes,
  };
}

const listed = z.object({ points: z.array(z.object({ id: z.string(), present: z.boolean() })) });

async function measureStack(server: StoreServer, site: AdoptedSite, folder: string, size: number): Promise<Measures> {
  const bucket = `points-${String(size)}`;
  const passphrase = `bench ${String(size)}`;
  await server.makeBucket(bucket);
  await fill(server.open(bucket), new StateBuilder("site", stack, passphrase), size);
  const passphraseFile = join(folder, `${bucket}.passphrase`);
  writeFileSync(passphraseFile, passphrase, { mode: 0o600 });
  const stateHome = join(folder, `${bucket}-state`);
  mkdirSync(stateHome);
  const env = {
    ...server.variables(bucket),
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
    XDG_STATE_HOME: stateHome,
  };
  const run = (argv: readonly string[]) => measured(site, folder, argv, env);
  const list = ["restore", "state", stack, "--list", "--all", "--json"];
  const cold = await run(list);
  const warm = await run(list);
  const { points } = listed.parse(JSON.parse(warm.stdout));
  if (points.length !== size) throw new Error(`${String(points.length)} of ${String(size)} restore points are listed`);
  // The present one cannot be restored, so that each run takes the next.
  const others = points.filter(({ present }) => !present).values();
  let restore = { milliseconds: 0, peakMebibytes: 0 };
  const milliseconds = await medianOf(3, async () => {
    const id = others.next().value?.id ?? "";
    restore = await run(["restore", "state", stack, "--to", id, "--force", "--json"]);
  });
  return { cold, warm, restore: { ...restore, milliseconds } };
}

async function measured(
  site: AdoptedSite,
  folder: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Measured & { readonly stdout: string }> {
  const watch = watchPeak(folder);
  const start = performance.now();
  const { code, stdout, stderr } = await site.lifeboat(argv, { env: { ...env, ...watch.variables }, asProcess: true });
  const milliseconds = performance.now() - start;
  if (code === 0) return { milliseconds, peakMebibytes: peakOf(watch), stdout };
  throw new Error(`lifeboat ${argv.join(" ")} ended with ${String(code)}: ${`${stderr}${stdout}`.slice(0, 800)}`);
}

/** As many updates as wanted, each with a state of its own; the last one is the present state. */
async function fill(store: ObjectStore, builder: StateBuilder, size: number): Promise<void> {
  const history = `.pulumi/history/site/${stack}/${stack}`;
  const objects: (readonly [key: string, text: string])[] = [[".pulumi/meta.yaml", "version: 1\n"]];
  let text = "";
  for (let update = 1; update <= size; update += 1) {
    text = builder.checkpoint({ resources });
    const name = `${history}-${String(builder.time.getTime())}000000`;
    objects.push(
      [`${name}.checkpoint.json`, text],
      [`${name}.history.json`, builder.entry(`update ${String(update)}`)],
    );
  }
  objects.push([`.pulumi/stacks/site/${stack}.json`, text]);
  for (let first = 0; first < objects.length; first += writesAtOnce) {
    const some = objects.slice(first, first + writesAtOnce);
    await Promise.all(some.map(([key, content]) => store.write(key, Buffer.from(content))));
  }
}
