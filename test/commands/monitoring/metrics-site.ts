import { exampleMonitoring } from "../../support/example-monitoring";
import { RestoreSite } from "../restore/restore-site";

/** A site whose guest `metrics` (301) is said to have its monitoring, beside one that has been backed up. */
export async function startMetricsSite(): Promise<RestoreSite> {
  const site = await RestoreSite.start(
    [
      { id: 101, name: "web" },
      { id: 301, name: "metrics" },
    ],
    { settings: `  lifeboat:monitoring: ${JSON.stringify(exampleMonitoring())}` },
  );
  const card = "address: 192.0.2.45/24, gateway: 192.0.2.1";
  const text = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", text.replace(`${card} }`, `${card}, firewall: true }\n      nesting: true`));
  // Until something was backed up, the storage is not there.
  await site.backUp(101);
  return site;
}
