import { StateSite } from "./state-site";
import { putUpdate } from "./states";

/** A site whose environments have a state each, with one update; that of prod has had two. @returns what prod has now */
export async function startWithStates(): Promise<{ site: StateSite; present: string }> {
  const site = await StateSite.start();
  for (const name of ["lab", "monitoring", "prod"] as const) putUpdate(site, name, 60_000);
  return { site, present: putUpdate(site, "prod", 120_000) };
}
