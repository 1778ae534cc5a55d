import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { AdoptedSite } from "../support/adopted-site";

/** `lifeboat status --notify`: people who do not look are told what has changed, once, and what was not sent again. */
let site: AdoptedSite;
let web: Server;
let posted: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
let answer = 200;
let refusal: ((path: string, headers: IncomingHttpHeaders) => string) | undefined;

const day = 86_400;
const now = Math.floor(Date.now() / 1_000);

beforeAll(async () => {
  site = await AdoptedSite.start([
    {
      name: "prod",
      node: "pve-prod",
      profile: "prod",
      guests: [
        { id: 101, name: "web" },
        { id: 102, name: "db" },
      ],
    },
  ]);
  for (const id of [101, 102])
    for (const age of [1, 2]) site.putArchive("pve-prod", id, now - 3_600 - (age - 1) * day, 5_000);
  // Takes what sendmail takes, and hands it to nobody.
  mkdirSync(join(site.folder, "bin"));
  writeFileSync(
    join(site.folder, "bin/sendmail"),
    `#!/bin/sh\n[ -e ${site.folder}/refuses ] && { echo "mail queue is full" >&2; exit 75; }\necho "$@" >> ${site.folder}/sendmail.log\ncat >> ${site.folder}/mail\nprintf '%%%%\\n' >> ${site.folder}/mail\n`,
    { mode: 0o755 },
  );
  web = createServer((request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => (body += data.toString()));
    request.on("end", () => {
      posted.push({ path: request.url ?? "", headers: request.headers, body });
      response.statusCode = answer;
      if (answer === 307) response.setHeader("location", "/elsewhere");
      response.end(answer === 200 ? "ok" : (refusal?.(request.url ?? "", request.headers) ?? "the topic is full"));
    });
  });
  await new Promise<void>((done) => web.listen(0, "127.0.0.1", done));
});

afterAll(async () => {
  web.close();
  await site.stop();
});

beforeEach(() => {
  posted = [];
  answer = 200;
  refusal = undefined;
  for (const name of ["mail", "refuses", "sendmail.log"]) rmSync(join(site.folder, name), { force: true });
});

/** As on a machine that has told nobody anything yet. */
function machine(): Record<string, string> {
  return { ...site.otherMachine(), PATH: `${join(site.folder, "bin")}:${process.env["PATH"] ?? ""}` };
}

function mails(): string[] {
  const path = join(site.folder, "mail");
  return existsSync(path) ? readFileSync(path, "utf8").split("%%\n").slice(0, -1) : [];
}

const byMail = ["status", "--notify", "--mail", "ops@example.org"];

/** A file with the server's address, as somebody keeps a secret. */
function addressFile(name: string, path: string, ...headers: string[]): string {
  const file = join(site.folder, name);
  const { port } = web.address() as AddressInfo;
  writeFileSync(file, [`http://127.0.0.1:${String(port)}${path}`, ...headers, ""].join("\n"), { mode: 0o600 });
  return file;
}

async function withoutBackups(id: number, run: () => Promise<void>): Promise<void> {
  site.removeArchives("pve-prod", id);
  try {
    await run();
  } finally {
    for (const age of [1, 2]) site.putArchive("pve-prod", id, now - 3_600 - (age - 1) * day, 5_000);
  }
}

test("mail tells the first look, a change, and that it is over; nothing while nothing changes, whatever gets older meanwhile [A3, K1]", async () => {
  const env = machine();
  const first = await site.lifeboat(byMail, { env });
  expect([first.code, mails()]).toEqual([
    0,
    [expect.stringMatching(/^To: ops@example\.org\nSubject: Lifeboat site: watching, all in order\n/u)],
  ]);
  expect(first.stderr).toContain("Told: mail to ops@example.org.");
  expect(readFileSync(join(site.folder, "sendmail.log"), "utf8")).toBe("-t -i\n");
  expect((await site.lifeboat(byMail, { env })).stderr).not.toContain("Told");
  await withoutBackups(101, async () => {
    site.putArchive("pve-prod", 101, now - 4 * day, 5_000);
    expect((await site.lifeboat(byMail, { env })).code).toBe(3);
    expect(mails()[1]).toMatch(
      /Subject: Lifeboat site: \d+ problems? \(prod\/web\)\n[^]*\nNew:\n- prod\/web: the backup of [^]*the newest backup is 4 d/u,
    );
    site.removeArchives("pve-prod", 101);
    site.putArchive("pve-prod", 101, now - 4 * day - 5 * 3_600, 5_000);
    const { code } = await site.lifeboat(byMail, { env });
    expect([code, mails().length]).toEqual([3, 2]);
  });
  expect((await site.lifeboat(byMail, { env })).code).toBe(0);
  expect(mails()[2]).toMatch(
    /Subject: Lifeboat site: in order again\n[^]*Everything is in order\.\n\nOver:\n- prod\/web: /u,
  );
});

test("what was not taken is a failure, and is told by the next run although nothing has changed since; others hear it once [K6]", async () => {
  const env = machine();
  const hook = addressFile("hook", "/hook/secret-word", "Authorization: Bearer secret-token");
  const argv = [...byMail, "--webhook", hook];
  writeFileSync(join(site.folder, "refuses"), "");
  const failed = await site.lifeboat(argv, { env });
  expect([failed.code, failed.stderr]).toEqual([
    1,
    expect.stringMatching(
      /not everybody could be told: mail to ops@example\.org: sendmail ended with 75: mail queue is full\nHINT: the next run tells them again/u,
    ),
  ]);
  rmSync(join(site.folder, "refuses"));
  expect((await site.lifeboat(argv, { env })).code).toBe(0);
  expect([mails().length, posted.length]).toEqual([1, 1]);
  const [{ path, headers, body } = { path: "", headers: {}, body: "" }] = posted;
  expect([path, headers.authorization, JSON.parse(body)]).toEqual([
    "/hook/secret-word",
    "Bearer secret-token",
    expect.objectContaining({ site: "site", ok: true, occasion: "first", problems: [] }),
  ]);
});

test("a note of ntfy has its title and urgency; what the server refuses is told without the secrets [N6]", async () => {
  const env = machine();
  const argv = ["status", "--notify", "--ntfy", addressFile("ntfy", "/topic-nobody-guesses")];
  answer = 507;
  await withoutBackups(102, async () => {
    const refused = await site.lifeboat(argv, { env });
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/ntfy of .*\/ntfy: it answers 507: the topic is full/u),
    ]);
    expect(refused.stderr + refused.stdout).not.toContain("topic-nobody-guesses");
    answer = 200;
    expect((await site.lifeboat(argv, { env })).code).toBe(3);
  });
  const note = posted[1];
  const title = /=\?UTF-8\?B\?(.*)\?=/u.exec(String(note?.headers["title"]))?.[1] ?? "";
  expect([Buffer.from(title, "base64").toString(), note?.headers["priority"], note?.body]).toEqual([
    expect.stringMatching(/^Lifeboat site: \d+ problems? \(prod\/db\)$/u),
    "high",
    expect.stringContaining("Needs you:\n- prod/db: it was never backed up"),
  ]);
});

test("a server that repeats what it was sent tells nobody the address and its headers, nor any part of them [K1, N6]", async () => {
  answer = 404;
  refusal = (path, { authorization }) => {
    const [, first, token] = path.split("/");
    return `Cannot POST ${path}: no ${token ?? ""} of ${first ?? ""} for ${authorization ?? ""} (${authorization?.split(" ")[1] ?? ""})`;
  };
  const hook = addressFile(
    "telling",
    "/services/T0000/word-of%20mine?key=query-word",
    "Authorization: Bearer header-word",
  );
  const { code, stderr, stdout } = await site.lifeboat(["status", "--notify", "--webhook", hook], { env: machine() });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/it answers 404: Cannot POST \[secret\]: no /u)]);
  expect(stderr + stdout).not.toMatch(/word|services/u);
  // A server that never ends its answer is not listened to for ever.
  refusal = () => "x".repeat(5_000_000);
  const long = await site.lifeboat(["status", "--notify", "--webhook", hook], { env: machine() });
  expect([long.code, long.stderr.length < 2_000]).toEqual([1, true]);
});

test("a redirect is not followed: it would take the message, and the secret with it, to somebody else [K1, N6]", async () => {
  answer = 307;
  const hook = addressFile("moved", "/hook/secret-word", "Authorization: Bearer header-word");
  const { code, stderr } = await site.lifeboat(["status", "--notify", "--webhook", hook], { env: machine() });
  expect([code, posted.map(({ path }) => path)]).toEqual([1, ["/hook/secret-word"]]);
  expect(stderr).not.toMatch(/-word/u);
});

test("that nothing could be looked at is told, and that it can be again; the command fails as it does without [K6]", async () => {
  const env = machine();
  await site.lifeboat(byMail, { env });
  const settings = site.read("Pulumi.yaml");
  site.write("Pulumi.yaml", "name: [");
  const broken = await site.lifeboat(byMail, { env });
  expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining("Pulumi.yaml")]);
  expect(mails()[1]).toMatch(/Subject: Lifeboat: 1 problem\n[^]*New:\n- Unable to look at the site: /u);
  site.write("Pulumi.yaml", settings);
  await site.fault("node-unreachable", { node: "pve-prod" });
  expect((await site.lifeboat(byMail, { env })).code).toBe(14);
  expect(mails()[2]).toContain("- prod: could not be looked at: ");
  await site.clearFaults();
  expect((await site.lifeboat(byMail, { env })).code).toBe(0);
  expect(mails()[3]).toContain("in order again");
});

test("what goes on is told again a day later, and a record that cannot be read counts as none", async () => {
  const env = machine();
  await withoutBackups(101, async () => {
    await site.lifeboat(byMail, { env });
    const folder = join(env["XDG_STATE_HOME"] ?? "", "lifeboat");
    const file = join(folder, readdirSync(folder).find((name: string) => name.startsWith("told-")) ?? "");
    const told = JSON.parse(readFileSync(file, "utf8"));
    told.channels["mail to ops@example.org"].at -= day * 1_000;
    writeFileSync(file, JSON.stringify(told));
    await site.lifeboat(byMail, { env });
    expect(mails()[1]).toMatch(/Subject: Lifeboat site: still \d+ problems? [^]*Still needs you:\n- prod\/web/u);
    writeFileSync(file, "{");
    await site.lifeboat(byMail, { env });
    expect(mails()[2]).toContain("Needs you:");
  });
});

test.each([
  [["--notify"], "--notify goes with --mail, --webhook or --ntfy"],
  [["--mail", "ops@example.org"], "--notify goes with --mail"],
  [["--notify", "--mail", "-oQ/tmp"], "--mail"],
  [["--notify", "--mail", "a@b.example, c@d.example"], "--mail: an address such as"],
  [["--print-timer"], "--print-timer goes with --notify"],
  [["--notify", "--webhook", "nowhere"], "the file of an address cannot be read"],
])("%j is a mistake: %s [K2]", async (words, message) => {
  const { code, stderr } = await site.lifeboat(["status", ...words], { env: machine() });
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test("an address that others may read, or that leads through the open, is not used [N6]", async () => {
  const file = addressFile("open", "/hook");
  chmodSync(file, 0o644);
  const open = await site.lifeboat(["status", "--notify", "--webhook", file], { env: machine() });
  expect([open.code, open.stderr]).toEqual([
    1,
    expect.stringMatching(/its group or others may read or write it[^]*chmod go= /u),
  ]);
  chmodSync(file, 0o600);
  for (const [text, message] of [
    ["http://192.0.2.1/hook\n", "is no address that a secret may be sent to"],
    ["https://192.0.2.1/hook\nno header\n", "is no header"],
  ] as const) {
    writeFileSync(file, text);
    const refused = await site.lifeboat(["status", "--notify", "--webhook", file], { env: machine() });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
  }
  expect(posted).toEqual([]);
});

test("the timer's units run the same line each hour, with files by their whole names, and 3 is no failure of it [A3]", async () => {
  addressFile("hook", "/hook");
  const argv = ["status", "prod", "--notify", "--mail", "root", "--webhook", "../hook", "--print-timer"];
  const { code, stdout } = await site.lifeboat(argv, { env: { XDG_DATA_HOME: "../data", PULUMI_HOME: "" } });
  expect(code).toBe(0);
  expect(stdout).toContain(`Environment=XDG_DATA_HOME=${site.folder}/data\n`);
  expect(stdout).not.toContain("PULUMI_HOME");
  expect(stdout).toMatch(
    new RegExp(`^ExecStart=.* status prod --notify --mail root --webhook ${site.folder}/hook$`, "mu"),
  );
  expect(stdout).toMatch(/^OnCalendar=hourly$/mu);
  expect(stdout).toMatch(/^SuccessExitStatus=3$/mu);
  const { name, timer } = JSON.parse((await site.lifeboat([...argv, "--json"])).stdout);
  expect([name, timer]).toEqual(["lifeboat-status-prod", expect.stringContaining("Persistent=true")]);
  const all = await site.lifeboat(["status", "--notify", "--mail", "root", "--print-timer"]);
  expect(all.stdout).toContain("systemctl --user enable --now lifeboat-status.timer");
});
