import { rmSync } from "node:fs";
import { copiesElsewhere } from "./from-offsite/copies";
import { FarSite } from "./from-offsite/far-site";
import { ownStore } from "./from-offsite/own-store";
import { expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// The store of the site, its backups, the guest with the data and the operator's machine are gone. What another S3 service has, the
// break-glass file, the passphrase, the age identity and the key that reads are enough: real containers, a real PostgreSQL, a real MinIO.
// Each test stands on the one before.
const isRoot = process.getuid?.() === 0;
const far = new FarSite();
const { lifeboat, parent, site } = far;

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--databases"), [0], "the sandbox");
  await far.makeFarBucket();
  await far.declare();
  expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
}, firstUseLimit);

afterAll(async () => {
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

const describeAsRoot = isRoot ? describe : describe.skip;

describeAsRoot("the site's own store", () => ownStore(far));

describeAsRoot("the copies elsewhere", () => copiesElsewhere(far));
