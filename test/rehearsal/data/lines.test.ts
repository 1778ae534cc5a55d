import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateX25519Identity } from "age-encryption";
import { createKeyPair } from "../../../site/state-store/keys";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { linesRun } from "../../support/docs/lines-run";
import { S3Server } from "../../support/s3-server";
import { commandSource, filesSource, InstalledSource, postgresSource } from "./support/data-source";
import { DataSite } from "./support/data-site";

// Lines of the pages about data, as they stand there: typed at a terminal, or as root in the guest, of a real PostgreSQL.
const isRoot = process.getuid?.() === 0;
const name = "rehearsal/data/lines";
const reader = createKeyPair("reader");
const folder = "/var/backups/lifeboat";
/** Of a guest that is its own node: the real recipe is in node-configuration.test.ts. */
const node = { name: "node", command: "tar --create --directory / etc/hostname" };

let web: DatabaseGuest;
let fresh: DatabaseGuest;
let far: S3Server;
let site: DataSite;
let shop: InstalledSource;

(isRoot ? describe : describe.skip)("lines about data", () => {
  beforeAll(async () => {
    [web, fresh] = await Promise.all([DatabaseGuest.start({ room: 2048 }), DatabaseGuest.start({ room: 256 })]);
    await web.startPostgres();
    const config = { name: "config", paths: ["/etc/app"] };
    const vault = { name: "vault", command: "echo sealed", restore: "cat > /root/vault.snap" };
    site = new DataSite([
      {
        name: "web",
        id: 101,
        guest: web,
        data: [
          "shop: { kind: postgres }",
          "config: { kind: files, paths: [/etc/app] }",
          `node: { kind: command, command: "${node.command}" }`,
        ],
      },
      { name: "new", id: 102, guest: fresh, data: ["config: { kind: files, paths: [/etc/app] }"] },
      { name: "db", id: 103, guest: fresh, data: ["config: { kind: files, paths: [/etc/app] }"] },
    ]);
    await goElsewhere();
    writeFileSync(join(site.folder, "lifeboat-identity"), await generateX25519Identity(), { mode: 0o600 });
    shop = new InstalledSource(web, postgresSource());
    for (const one of [web, fresh]) await one.must("mkdir -p /etc/app && echo port=8080 > /etc/app/app.conf");
    await sql("CREATE DATABASE shop");
    await sql("CREATE TABLE orders AS SELECT generate_series(1, 300) n", "shop");
    await shop.dump();
    for (const one of [web, fresh]) await new InstalledSource(one, filesSource(config)).dump();
    await new InstalledSource(web, commandSource(vault)).dump();
    await new InstalledSource(web, commandSource(node)).dump();
  }, 300_000);

  afterAll(async () => {
    await far?.close();
    await site?.stop();
  });

  test.each(Object.entries(linesRun[name] ?? {}))("%s [K1, I6]", async (line, codes) => {
    await before[line]?.();
    const typed = await filled(line);
    const { code, shown } = /^(?:lifeboat|export) |reader\.json$/u.test(typed)
      ? await here(typed)
      : await inGuest(typed);
    expect({ code, shown: codes.includes(code ?? -1) ? "" : shown }).toEqual({ code: expect.any(Number), shown: "" });
  });
});

/** What is to be so before a line makes sense. */
const before: Readonly<Record<string, () => Promise<unknown>>> = {
  // The last that makes dumps is behind us: a retention would take these away some day.
  "lifeboat restore database web shop --dry-run": async () => {
    await madeAt("2026-11-19");
    await madeAt("2026-11-20");
  },
  "lifeboat data web --from offsite": send,
  "runuser -u postgres -- createdb shop_before": () => sql("DROP DATABASE shop_before"),
};

/** A bucket elsewhere, whose answers are those of a real one. */
async function goElsewhere(): Promise<void> {
  far = await S3Server.start(join(site.folder, "far"), { [reader.accessKey]: ["far"] });
  far.lockFor = 30 * 86_400_000;
  far.makeBucket("far");
  const project = join(site.folder, "project");
  writeFileSync(join(project, "far-ca.pem"), readFileSync(far.ca));
  writeFileSync(join(project, "reader.json"), JSON.stringify(reader), { mode: 0o600 });
  const offsite = { kind: "minio", endpoint: far.endpoint, bucket: "far", ca: "far-ca.pem", adopt: true };
  const settings = join(project, "Pulumi.prod.yaml");
  writeFileSync(settings, `${readFileSync(settings, "utf8")}  lifeboat:offsite: ${JSON.stringify(offsite)}\n`);
}

/** The newest dump of the shop as if it had been made at 03:00 of a day, here and elsewhere. */
async function madeAt(day: string): Promise<void> {
  const [newest] = (await shop.manifests())
    .map((manifest) => manifest.name)
    .filter((made) => !made.endsWith("-030000Z"));
  const dump = `${day}/postgres/shop-030000Z`;
  await web.must(`mkdir -p '${folder}/${dump}' && cp '${folder}/${newest ?? ""}'/* '${folder}/${dump}' && cd '${folder}/${dump}' &&
    sed -i 's#"dump":"[^"]*"#"dump":"${dump}"#' manifest.json && sha256sum item-* manifest.json > SHA256SUMS`);
}

/** Every dump of the guest lies elsewhere too. */
async function send(): Promise<void> {
  const root = web.path(folder);
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!/Z\/[^/]+$/u.test(file) || file.startsWith("save-points")) continue;
    far.put("far", `dumps/prod/web/${file}`, readFileSync(join(root, file)));
  }
}

async function sql(text: string, database = "postgres"): Promise<void> {
  const words = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"];
  for (const input of text.split(";")) {
    const { exitCode, stderr } = await web.run(words, {
      user: "postgres",
      environment: { PGDATABASE: database },
      input,
    });
    if (exitCode !== 0) throw new Error(`${input}\n${stderr}`);
  }
}

/** What a reader writes for a word in capitals. */
async function filled(line: string): Promise<string> {
  if (/ ID\b/u.test(line)) {
    const { stdout } = await site.lifeboat(["data", "web", "--json"]);
    const { sources } = JSON.parse(stdout) as { sources: { savePoints: { operation: string }[] }[] };
    return line.replace(" ID", ` ${sources.flatMap(({ savePoints }) => savePoints)[0]?.operation ?? ""}`);
  }
  if (!line.includes(" DUMP ")) return line;
  const made = await web.must("cd /var/backups/lifeboat && ls -d */command/vault-*");
  return line.replace(" DUMP ", ` ${made.trim()} `);
}

/** What the shell on this machine was told before. */
const exported: string[] = [];

async function here(line: string): Promise<{ readonly code: number | null; readonly shown: string }> {
  if (line.startsWith("export ")) exported.push(line);
  return site.type(line, exported);
}

/** What root's shell in the guest remembers of the lines before: where it is, and what it finds. */
const remembered: string[] = [];

async function inGuest(line: string): Promise<{ readonly code: number; readonly shown: string }> {
  if (/^(?:cd |PATH=)/u.test(line)) remembered.push(line);
  const script = ["set -eo pipefail", ...remembered, line].join("\n");
  const { exitCode, stdout, stderr } = await web.run(["bash", "-c", script]);
  return { code: exitCode, shown: `${stdout}${stderr}` };
}
