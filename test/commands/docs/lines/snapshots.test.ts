import { AdoptedSite } from "../../support/adopted-site";
import { runLines } from "../run-lines";

/** Lines about snapshots, on storages that take them. */
let site: AdoptedSite;

beforeAll(async () => {
  const guests = [
    { id: 101, name: "web", disk: "lvmthin" },
    { id: 102, name: "db", disk: "zfspool" },
  ] as const;
  site = await AdoptedSite.start([{ name: "prod", node: "pve-prod", profile: "prod", guests }]);
});

afterAll(() => site.stop());

runLines("snapshots", () => ({
  site,
  before: {
    "lifeboat restore snapshot db before-upgrade": () =>
      site.lifeboat(["backup", "snapshot", "db", "--name", "before-upgrade"]),
  },
}));
