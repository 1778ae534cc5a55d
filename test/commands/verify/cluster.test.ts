import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { RestoreSite } from "../restore/restore-site";
import { logInToNode, nodeShell } from "../support/site/node-ssh";

/** Nodes of a cluster in two time zones: what is told of an archive is told by the clock of its own node. */
const far = "pve-far";
const farAway = { id: 103, name: "mail", node: far };
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }, farAway], {
    further: [far],
    adjust: (cluster) => ({
      ...cluster,
      nodes: cluster.nodes.map((one) => (one.node === far ? { ...one, timezone: "Pacific/Auckland" } : one)),
    }),
  });
  logInToNode(site);
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replace("    mail:\n", "    mail:\n      node: pve-far\n"));
});

afterAll(() => site.stop());

test("an archive's date is told by its own node's clock and time zone, not by those of the environment's first node [G1]", async () => {
  const own = await site.backUp(farAway.id, {}, far);
  const dump = site.nodePath(far, "mnt/backup/dump");
  const later = own.replace(/\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d/u, "2099_01_01-12_00_00");
  mkdirSync(dump, { recursive: true });
  copyFileSync(join(dump, own.slice(own.indexOf("/") + 1)), join(dump, later.slice(later.indexOf("/") + 1)));
  const { stdout } = await site.lifeboat(["verify", "prod", "--archives", "--json"], {
    env: { PATH: `${nodeShell(site, far)}:${site.env["PATH"] ?? ""}` },
  });
  const [prod] = JSON.parse(stdout).environments;
  const found = prod.archives.find(({ archive }: { archive: string }) => archive === later);
  expect(found).toMatchObject({ node: far, time: Date.UTC(2098, 11, 31, 23) / 1_000 });
  expect(JSON.stringify(found)).toContain("2099-01-01 12:00");
});
