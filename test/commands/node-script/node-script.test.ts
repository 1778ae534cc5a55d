import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import * as z from "zod";
import { createKeyPair } from "../../../site/state-store/keys";
import type { CommandSource } from "../../../site/settings/data";
import { linesRun } from "../../support/docs/lines-run";
import { savedNode } from "../../support/new-node/saved-node";
import { typeLine } from "../docs/type-line";
import { node, RestoreSite } from "../restore/restore-site";
import { S3Server } from "../support/kit";
import { GuestProgram } from "../support/site/guest-program";

/** `lifeboat node-script`: the saved configuration lies in a guest, in a bucket elsewhere, or on this machine. */

const reader = createKeyPair("reader");
const renaming = ["--map", "pve-prod=pve-new", "--storage", "local=tank"] as const;
const shape = z.looseObject({ saved: z.string(), script: z.string(), for: z.string(), unseen: z.array(z.string()) });

let site: RestoreSite;
let far: S3Server;
let guest: GuestProgram;
let env: Record<string, string>;
let dump: string;
let packed: string;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  far = await S3Server.start(join(site.folder, "far"), { [reader.accessKey]: ["far-away"] });
  far.makeBucket("far-away");
  site.write("far-ca.pem", readFileSync(far.ca, "utf8"));
  site.write("reader", JSON.stringify(reader));
  guest = new GuestProgram(site, node, "web");
  for (const [path, text] of savedNode) {
    mkdirSync(dirname(guest.path(`/saved/${path}`)), { recursive: true });
    writeFileSync(guest.path(`/saved/${path}`), text);
  }
  const folder = guest.path("/var/backups/lifeboat");
  const command = `tar --create --directory ${guest.path("/saved")} etc`;
  const check = "tar --list | grep -q etc/pve/user.cfg";
  const data = { node: { kind: "command", command, check, folder, by: "node" } };
  const offsite = { kind: "minio", endpoint: far.endpoint, bucket: "far-away", ca: "far-ca.pem", adopt: true };
  const settings = site.read("Pulumi.prod.yaml");
  site.write(
    "Pulumi.prod.yaml",
    `${settings.replace(/^( +)(network: .*)$/mu, `$1$2\n$1data: ${JSON.stringify(data)}`)}  lifeboat:offsite: ${JSON.stringify(offsite)}\n`,
  );
  const common = { at: "03:00", keep: { daily: 7, weekly: 4, monthly: 12 }, shrink: 50, minimum: 1, enabled: true };
  const source: CommandSource = {
    ...common,
    kind: "command",
    name: "node",
    recipients: [],
    folder,
    by: "node",
    command,
    check,
  };
  guest.declare(source);
  env = {
    PATH: `${guest.bin}:${site.env["PATH"] ?? process.env["PATH"] ?? ""}`,
    LIFEBOAT_OFFSITE_READER_FILE: join(site.project, "reader"),
  };
  const { code, stderr } = await site.lifeboat(["backup", "data", "web", "node"], { env });
  if (code !== 0) throw new Error(stderr);
  const [day = ""] = readdirSync(folder).filter((name) => /^\d{4}-/u.test(name));
  const [name = ""] = readdirSync(join(folder, day, "command"));
  dump = `${day}/command/${name}`;
  packed = join(folder, dump, "item-1.dump.zst");
});

afterAll(async () => {
  await far.close();
  await site.stop();
});

beforeEach(() => {
  far.dropBucket("far-away");
  far.makeBucket("far-away");
});

const run = (...words: readonly string[]) => site.lifeboat(["node-script", ...words], { env });

/** What the JSON of a run that has to succeed holds. */
async function made(...words: readonly string[]): Promise<z.output<typeof shape>> {
  const { code, stdout, stderr } = await run(...words, "--json");
  if (code !== 0) throw new Error(stderr);
  return shape.parse(JSON.parse(stdout));
}

function copyElsewhere(change: (content: Buffer, file: string) => Buffer = (content) => content): void {
  for (const file of readdirSync(dirname(packed))) {
    const content = change(readFileSync(join(dirname(packed), file)), file);
    far.put("far-away", `dumps/prod/web/${dump}/${file}`, content);
  }
}

test("the newest dump in the guest becomes a script for the new node, which is shown and not run [H5, K1]", async () => {
  const requests = site.requests().length;
  const { code, stdout, stderr } = await run("pve-prod", ...renaming);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^#!\/bin\/sh\n# What of the node itself the saved configuration has of pve-prod, for pve-new\.\n/u,
  );
  expect(stdout).toContain(`# From ${dump} of prod/web/node\n`);
  expect(stdout).toContain("# Made by: lifeboat node-script pve-prod --map pve-prod=pve-new --storage local=tank\n");
  expect(stdout).toContain("\nnode=pve-new\n");
  expect(stdout).toMatch(
    /^want 'Lifeboat on \/storage\/tank for joe@pve!automation' .* pveum acl modify \/storage\/tank --tokens /mu,
  );
  expect(spawnSync("sh", ["-n"], { input: stdout, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  expect(stderr).toMatch(/It is shown, and nothing was run[^]*HINT: read it, then as root on pve-new: sh FILE/u);
  const sent = site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test.each(Object.entries(linesRun["commands/node-script/node-script"] ?? {}))("%s [H5, K1]", async (line, codes) => {
  const { code, shown } = await typeLine(site, line, env);
  expect({ code, shown: codes.includes(code ?? -1) ? "" : shown }).toEqual({ code: expect.any(Number), shown: "" });
  const script = join(site.project, "node.sh");
  expect(readFileSync(script, "utf8")).toContain(`\nnode=${line.includes("pve-new") ? "pve-new" : "pve-prod"}\n`);
  rmSync(script);
});

test("it goes into a new file, and over no other [H5, K2]", async () => {
  const file = join(site.folder, "node.sh");
  const { code, stdout } = await run("pve-prod", "--out", file);
  expect([code, stdout]).toEqual([0, `Wrote ${file}, from ${dump} of prod/web/node.\n`]);
  expect(statSync(file).mode & 0o777).toBe(0o700);
  writeFileSync(file, "mine");
  expect(await run("pve-prod", "--out", file)).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/is there already/u),
  });
  expect(readFileSync(file, "utf8")).toBe("mine");
  expect((await run("pve-prod", "--out", join(site.folder, "no/node.sh"))).code).toBe(1);
});

test("the same comes from the copies elsewhere, from a file and from a folder [H5, J3]", async () => {
  copyElsewhere();
  const expected = (await made("pve-prod", ...renaming)).script.split("\n").slice(4);
  for (const place of ["offsite", packed, guest.path("/saved")]) {
    const { script, saved } = await made("pve-prod", ...renaming, "--from", place);
    expect(script.split("\n").slice(4)).toEqual(expected);
    expect(saved).toBe(place === "offsite" ? `${dump} of prod/web/node` : place);
  }
});

test("an encrypted file is opened by its identity, and by nothing else [H5, N1]", async () => {
  const identity = await generateX25519Identity();
  const key = join(site.folder, "identity");
  writeFileSync(key, `${identity}\n`, { mode: 0o600 });
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  const sealed = join(site.folder, "sealed.age");
  writeFileSync(sealed, await encrypter.encrypt(readFileSync(packed)));
  expect((await made("pve-prod", "--from", sealed, "--identity", key)).for).toBe("pve-prod");
  expect(await run("pve-prod", "--from", sealed)).toMatchObject({
    code: 12,
    stderr: expect.stringMatching(/no identity is named/u),
  });
  writeFileSync(key, `${await generateX25519Identity()}\n`);
  expect((await run("pve-prod", "--from", sealed, "--identity", key)).code).toBe(12);
});

test("a node of which nothing is saved is named, with those that there are [H5, K2]", async () => {
  expect(await run("pve-other")).toMatchObject({
    code: 10,
    stderr: expect.stringMatching(/no saved configuration speaks of pve-other: \S+ of prod\/web\/node\nHINT: /u),
  });
  expect(await run("pve-other", "--from", packed)).toMatchObject({
    code: 10,
    stderr: expect.stringMatching(/says nothing of pve-other\nHINT: name a node that it speaks of: pve-prod/u),
  });
  expect(await run("pve-prod", "--from", "offsite")).toMatchObject({
    code: 10,
    stderr: expect.stringMatching(/prod\/web\/node has no whole dump in s3:\/\/far-away/u),
  });
  expect(await run("pve-prod", "--map", "pve-other=pve-new")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--map says nothing of pve-prod/u),
  });
});

test("what cannot be looked at is an error, and never 'there is none' [H5, K6]", async () => {
  const pct = join(guest.bin, "pct");
  const own = readFileSync(pct, "utf8");
  writeFileSync(pct, "#!/bin/sh\necho 'container 101 is not running' >&2\nexit 255\n");
  try {
    const { code, stderr } = await run("pve-prod");
    expect(code).toBe(14);
    expect(stderr).toMatch(/look in another place: lifeboat node-script pve-prod --from offsite, or --from FILE/u);
    expect(stderr).not.toContain("no saved configuration");
  } finally {
    writeFileSync(pct, own);
  }
  // Settings that cannot be read may declare the source that saves it.
  site.write("Pulumi.broken.yaml", "config: [\n");
  try {
    expect((await run("pve-other")).code).toBe(2);
    expect((await made("pve-prod")).unseen).toEqual([expect.stringMatching(/^the settings of broken: /u)]);
  } finally {
    rmSync(join(site.project, "Pulumi.broken.yaml"));
  }
  far.dropBucket("far-away");
  const gone = await run("pve-prod", "--from", "offsite");
  expect(gone.code).not.toBe(10);
  expect(gone.code).not.toBe(0);
});

test("a damaged copy and a damaged file are none with fewer lines [H5, K3]", async () => {
  copyElsewhere((content, file) =>
    file.startsWith("item") ? Buffer.from(content).fill(0, content.length - 9) : content,
  );
  expect(await run("pve-prod", "--from", "offsite")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is not what (?:its|the) manifest/u),
  });
  const cut = join(site.folder, "cut");
  writeFileSync(cut, readFileSync(packed).subarray(0, 200));
  expect(await run("pve-prod", "--from", cut)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/cannot be read/u),
  });
  const other = join(site.folder, "other");
  mkdirSync(join(other, "etc"), { recursive: true });
  expect(await run("pve-prod", "--from", other)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no saved configuration of a node: it has no etc\/pve\/user\.cfg/u),
  });
  expect((await run("pve-prod", "--from", join(site.folder, "nothing"))).code).toBe(2);
});

test("where no source saves a node's configuration, it says how one is declared [H5, K2]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replaceAll("etc/pve/", "etc/other/"));
  try {
    expect(await run("pve-prod")).toMatchObject({
      code: 10,
      stderr: expect.stringMatching(/no source of data in the settings saves[^]*docs\/guides\/node-configuration\.md/u),
    });
  } finally {
    site.write("Pulumi.prod.yaml", settings);
  }
  expect(existsSync(packed)).toBe(true);
  rmSync(join(site.folder, "other"), { recursive: true, force: true });
});

test("a recovery names it for a node of the old name that has none of its guests, with what is missing there, and for no other [H1, H5, K3]", async () => {
  const recover = (...words: readonly string[]) => site.lifeboat(["recover", "--dry-run", ...words], { env });
  expect((await recover()).stdout).not.toContain("the node itself");
  await site.backUp(101);
  await site.destroy(101);
  // The guest that has it is gone with the others: it comes back with its archive.
  expect((await recover()).stdout).toMatch(
    /the node itself: +pve-prod has none of its guests, and whether [^]*there is no guest 101[^]*If it was installed anew, before this: lifeboat node-script pve-prod\n/u,
  );
  copyElsewhere();
  expect((await recover()).stdout).toMatch(
    /the node itself: +pve-prod has none of its guests, and lacks .*storage share, .*before this: lifeboat node-script pve-prod --from offsite\n/iu,
  );
  const { stdout } = await recover("--json");
  expect(JSON.parse(stdout)).toMatchObject({
    plan: {
      bare: [
        {
          node: "pve-prod",
          missing: [
            "storage share",
            "storage vault",
            "role Lifeboat",
            "user joe@pve",
            "user anna@corp",
            "user backup@pam",
          ],
          unseen: ["pools are not shown to the token (Pool.Audit on /pool)"],
          saved: `${dump} of prod/web/node`,
          from: "offsite",
        },
      ],
    },
  });
});
