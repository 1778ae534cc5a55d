import { rmSync } from "node:fs";
import { join } from "node:path";
import { RecoverSite } from "../../recover/recover-site";
import { runLines } from "../run-lines";

/** Lines that bring a whole site back, of two environments on one node. */
let lost: RecoverSite;

beforeAll(async () => {
  lost = await RecoverSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "db" },
      { id: 105, name: "cache" },
    ],
    { state: { web: {}, db: {}, cache: {} } },
  );
  lost.site.declare("lab", { profile: "lab", node: "pve-prod", ca: "site-ca.pem" });
  lost.site.write("program.json", JSON.stringify({ prod: ["web", "db", "cache"], lab: [] }));
});

afterAll(() => lost.stop());

runLines("recover", () => ({
  site: lost.site,
  variables: lost.shell,
  before: {
    "lifeboat recover --skip lab,prod/cache --force": () => lost.site.destroy(101),
    "lifeboat recover --only prod": () => lost.site.destroy(102),
    "lifeboat recover": async () => {
      // Nothing of it is there or ever was, and so its job is missing.
      rmSync(join(lost.site.project, "Pulumi.lab.yaml"));
      await lost.site.destroy(105);
    },
  },
}));
