import { startMetricsSite } from "../../monitoring/metrics-site";
import type { RestoreSite } from "../../restore/restore-site";
import { runLines } from "../run-lines";

/** Lines about a site whose monitoring can be lost. That it is brought back is in the rehearsal. */
let site: RestoreSite;

beforeAll(async () => {
  site = await startMetricsSite();
  await site.backUp(301);
});

afterAll(() => site.stop());

runLines("monitoring", () => ({ site }));
