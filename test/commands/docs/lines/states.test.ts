import { StateSite } from "../../state/state-site";
import { putUpdate, stateKey, stateText } from "../../state/states";
import { runLines, wellEnded } from "../run-lines";

/** Lines about states: in a store that fails and comes back, and their copies here and elsewhere. */
let site: StateSite;
let updates = 0;

beforeAll(async () => {
  site = await StateSite.start();
  for (const name of ["prod", "monitoring", "lab"] as const) putUpdate(site, name, next());
  wellEnded(await site.lifeboat(["backup", "state"]));
});

afterAll(() => site.stop());

/** Each is a minute later than the one before. */
function next(): number {
  updates += 1;
  return updates * 60_000;
}

/** What an update on this machine would leave. */
async function updateHere(): Promise<void> {
  await site.local.write(stateKey("prod"), Buffer.from(stateText(site, "prod", { made: next(), memory: 4_096 })));
}

/** Both this machine and the store have had an update since. */
async function bothChange(): Promise<void> {
  await site.store.close();
  wellEnded(await site.lifeboat(["state", "fallback", "prod", "--force"]));
  await updateHere();
  await site.store.open();
  putUpdate(site, "prod", next());
}

/** The id of an earlier state. */
async function earlier(): Promise<string> {
  const { stdout } = await site.lifeboat(["restore", "state", "prod", "--list", "--json"]);
  const { points } = JSON.parse(stdout) as { points: { id: string; present: boolean; status: string }[] };
  return points.find(({ present }) => !present)?.id ?? "";
}

runLines("states", () => ({
  site,
  before: {
    "lifeboat restore state prod --list": () => putUpdate(site, "prod", next()),
    "lifeboat state prune prod --keep 90d --dry-run": () => putUpdate(site, "prod", next()),
    "lifeboat state fallback prod": async () => {
      await site.lifeboat(["backup", "state"]);
      await site.store.close();
    },
    "lifeboat state return prod": () => site.store.open(),
    "lifeboat state return prod --keep local": bothChange,
    "lifeboat state return prod --keep store": bothChange,
    "lifeboat state fallback prod --although-store-answers": () => site.lifeboat(["backup", "state"]),
  },
  words: { ID: earlier },
}));
