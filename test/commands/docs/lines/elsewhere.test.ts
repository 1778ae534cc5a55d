import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createKeyPair } from "../../../../site/state-store/keys";
import { sealSettings } from "../../../support/sealed-settings";
import { RecoverSite } from "../../recover/recover-site";
import { node } from "../../restore/restore-site";
import { S3Server } from "../../support/kit";
import { logInToNode, nodeShell } from "../../support/site/node-ssh";
import { runLines } from "../run-lines";

/** Lines about copies elsewhere: archives of guests, and buckets of the site. */
const [admin, writer, reader, owner] = ["admin", "writer", "reader", "uploads"].map((name) => createKeyPair(name));
const archives = new Map<string, Buffer>();
let lost: RecoverSite;
let s3: S3Server;
let folder: string;

beforeAll(async () => {
  lost = await RecoverSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "db" },
    ],
    { state: { web: {}, db: {} } },
  );
  const { site } = lost;
  const keys = Object.fromEntries([writer, reader].map((key) => [key?.accessKey ?? "", ["far"]]));
  s3 = await S3Server.start(join(site.folder, "s3"), { ...keys, [owner?.accessKey ?? ""]: ["*"] });
  s3.lockFor = 30 * 86_400_000;
  for (const bucket of ["far", "uploads", "uploads-before"]) s3.makeBucket(bucket);
  s3.put("uploads", "a", "first");
  site.write("ca.pem", readFileSync(s3.ca, "utf8"));
  const place = { endpoint: s3.endpoint, ca: "ca.pem" };
  const open = {
    offsite: { kind: "minio", bucket: "far", ...place, adopt: true },
    buckets: { uploads: { bucket: "uploads", ...place } },
  };
  const lines = Object.entries(open).map(([key, value]) => `  lifeboat:${key}: ${JSON.stringify(value)}\n`);
  site.write("Pulumi.prod.yaml", site.read("Pulumi.prod.yaml").replace("config:\n", `$&${lines.join("")}`));
  await sealSettings(join(site.project, "Pulumi.prod.yaml"), lost.shell["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "", {
    "lifeboat:offsiteKeys": JSON.stringify({ admin, writer, reader }),
    "lifeboat:bucketKeys": JSON.stringify({ uploads: owner }),
  });
  logInToNode(site);
  folder = site.nodePath(node, "mnt/backup/dump");
  for (const file of readdirSync(folder)) archives.set(file, readFileSync(join(folder, file)));
  send("2026_11_18");
});

afterAll(async () => {
  await s3.close();
  await lost.stop();
});

/** Web's archive goes there as a node sends it. @param on a day. Default: its own */
function send(on?: string): void {
  const own = [...archives]
    .filter(([file]) => file.startsWith("vzdump-lxc-101-"))
    .map(([file, content]) => [on === undefined ? file : file.replace(/\d{4}_\d\d_\d\d/u, on), content] as const);
  const [archive = ""] = own.map(([file]) => file).filter((file) => /\.tar(?:\.\w+)?$/u.test(file));
  const sums = own.map(([file, content]) => `${createHash("sha256").update(content).digest("hex")}  ${file}\n`);
  for (const [file, content] of [...own, ["SHA256SUMS", sums.join("")] as const]) {
    s3.put("far", `archives/prod/web/${archive}/${file}`, content);
  }
}

/** The oldest list of what lay in the bucket is one of two days before. */
function listOfBefore(): void {
  const lists = [...s3.contents("far").keys()].filter((key) => key.includes("/lists/"));
  const [oldest = ""] = lists.map((key) => dirname(key)).sort();
  for (const key of lists.filter((name) => dirname(name) === oldest)) {
    s3.rename("far", key, key.replace(/lists\/[^/]+\//u, "lists/2026-11-18-030000Z/"));
  }
}

/** A list has the second of its run in its name. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1_000);
  while (Math.floor(Date.now() / 1_000) === second) await new Promise((next) => setTimeout(next, 20));
}

runLines("elsewhere", () => ({
  site: lost.site,
  variables: { ...lost.shell, PATH: `${nodeShell(lost.site, node)}:${lost.variables["PATH"] ?? ""}` },
  before: {
    "lifeboat backup bucket uploads": nextSecond,
    "lifeboat restore bucket uploads": () => {
      s3.dropBucket("uploads");
      s3.makeBucket("uploads");
    },
    "lifeboat restore bucket uploads --at 2026-11-20": listOfBefore,
    "lifeboat recover --from offsite --dry-run": async () => {
      await lost.site.destroy(101);
      for (const file of readdirSync(folder).filter((name) => name.includes("-101-"))) rmSync(join(folder, file));
      send();
    },
  },
}));
