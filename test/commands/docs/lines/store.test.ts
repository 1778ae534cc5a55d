import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sealSettings } from "../../../support/sealed-settings";
import { startStore, UpSite } from "../../up/up-site";
import { runLines, wellEnded } from "../run-lines";

/** Lines that bring stacks up and the store back, with a `pulumi` that keeps states in a real store. The rehearsal has the real one. */
let folder: string;
let site: UpSite;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-lines-"));
  site = UpSite.create(await startStore(folder), "lines");
  const { endpoint } = site.store;
  const offsite = { endpoint, bucket: "copies", ca: "s3-ca.pem" };
  const file = "Pulumi.monitoring.yaml";
  site.write(
    file,
    site
      .read(file)
      .replace(/^( +lifeboat:stateStore: .*) \}$/mu, `$1, copies: { offsite: ${JSON.stringify(offsite)} } }`),
  );
  const key = { accessKey: "lifeboat-root", secretKey: "not-a-secret-of-lifeboat-root" };
  await sealSettings(join(site.project, file), join(site.folder, "passphrase"), {
    "lifeboat:stateStoreOffsiteKey": JSON.stringify(key),
  });
  site.store.makeBucket("copies");
  wellEnded(await site.lifeboat(["up", "--force"]));
});

afterAll(async () => {
  await site.store.close();
  await site.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Its buckets are gone, and copies of what was in them are here, or elsewhere. */
async function loseStore(...to: readonly string[]): Promise<void> {
  wellEnded(await site.lifeboat(["backup", "state", ...to]));
  for (const name of ["monitoring", "prod"]) site.store.dropBucket(site.bucket(name));
}

runLines("store", () => ({
  site,
  before: {
    "lifeboat up --dry-run": () => site.program({ prod: ["web", "db", "mail"] }),
    "lifeboat rebuild state-store --dry-run": () => loseStore(),
    "lifeboat rebuild state-store --from offsite": () => loseStore("--to", "offsite"),
    "lifeboat rebuild state-store --from ~/states.tar.gz": async () => {
      await loseStore();
      execFileSync("tar", ["-czf", join(site.folder, "states.tar.gz"), "-C", site.dataPath(), "state-copies"]);
      rmSync(site.dataPath("state-copies"), { recursive: true });
    },
  },
}));
