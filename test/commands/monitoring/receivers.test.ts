import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { alertmanagerFile } from "../../../site/monitoring/services/alertmanager";
import { ensureCertificates } from "../../sandbox/server/certificates";
import { typeScript } from "../../sandbox/machine/type-script";
import { aiosmtpd, alertmanager } from "../../support/debian-program";
import { environmentOf } from "../../support/example-environment";
import { exampleMonitoring, monitoringSettings } from "../../support/example-monitoring";

/**
 * Receivers of every kind, as the settings write them, with a real Alertmanager: what mail servers, Telegram, ntfy and a webhook
 * are really sent, when an alert begins and when it ends.
 */

const login = { from: "lifeboat@example.com", user: "lifeboat" };
const receivers = {
  chat: { telegram: { chat: -1001 } },
  hook: { webhook: {} },
  mail: { mail: { ...login, to: ["ops@example.com", "two@example.com"], server: "smtp.example.com:587" } },
  open: { webhook: { url: "http://hooks.example.com/open" } },
  phone: { ntfy: { url: "https://ntfy.example.com/backups" } },
  relay: { mail: { from: "a@example.com", to: ["b@example.com"], server: "smtp.example.com:25", tls: false } },
  secure: { mail: { ...login, to: ["ops@example.com"], server: "smtp.example.com:465" } },
};
const secrets = {
  chat: "1:not-a-real-token",
  hook: "https://hooks.example.com/not-a-real-path",
  // Each of them means something in YAML, in a template, or in an address.
  mail: `p"a\\s's: #%{{ "w" }}rd`,
  phone: "not-a-real-key",
  secure: "yes",
};
const names = ["api.telegram.org", "hooks.example.com", "ntfy.example.com", "smtp.example.com"];
const runbook = "https://files.example.com/docs/runbooks/alerts/BackupGone.md";

/** As a rule of the product makes it, with what a person may have called a guest. */
function alertOf(guest: string) {
  return {
    labels: { alertname: "BackupGone", environment: "prod", guest, severity: "critical" },
    annotations: { summary: `The newest backup of guest ${guest} (<101> & more_*[1]) is gone`, runbook_url: runbook },
  };
}

const alertsSchema = z.object({
  receiver: z.string(),
  status: z.string(),
  alerts: z.array(z.object({ annotations: z.record(z.string(), z.string()) })),
});
const mailSchema = z.object({
  kind: z.literal("mail"),
  port: z.number(),
  cipher: z.boolean(),
  user: z.string().nullable(),
  password: z.string().nullable(),
  from: z.string(),
  to: z.array(z.string()),
  heading: z.string(),
  subject: z.string(),
  text: z.string(),
});
const requestSchema = z.object({
  kind: z.enum(["api.telegram.org", "hooks.example.com", "ntfy.example.com"]),
  method: z.string(),
  url: z.string(),
  authorization: z.string(),
  body: z.unknown(),
});
const toldSchema = z.union([mailSchema, requestSchema]);

const folder = mkdtempSync(join(tmpdir(), "lifeboat-receivers-"));
const programs = { alertmanager: alertmanager(), library: aiosmtpd() };
/** A network in which nothing but loopback is, and names lead there. */
const inOwn = ["unshare", "--net", "--mount", "--map-root-user", "sh", "-c"];
const ownNetwork = 'ip link set lo up && mount --bind "$0" /etc/hosts && exec "$@"';
const [unshare = "", ...unshareWords] = inOwn;
const isAllowed = spawnSync(unshare, [...unshareWords, ownNetwork, "/etc/hosts", "true"]).status === 0;
const can = isAllowed && programs.alertmanager !== undefined && programs.library !== undefined;

const told: z.infer<typeof toldSchema>[] = [];
let errors = "";
let child: ChildProcessWithoutNullStreams;

(can ? describe : describe.skip)("who is told of an alert", () => {
  beforeAll(async () => {
    await ensureCertificates(folder, [{ node: "servers", names }]);
    const { monitoring } = environmentOf(
      monitoringSettings({ monitoring: exampleMonitoring({ receivers, evaluation: "1s" }) }),
      "monitoring",
    );
    if (monitoring === undefined) throw new Error("the example watches");
    writeFileSync(join(folder, "alertmanager.yml"), alertmanagerFile(monitoring, secrets));
    writeFileSync(join(folder, "hosts"), names.map((name) => `127.0.0.1 ${name}\n`).join(""));
    const { alertmanager: manager = [], library = "" } = programs;
    const servers = typeScript(resolve(__dirname, "../../.."), "test/support/monitoring/told.ts");
    const words = [...unshareWords, ownNetwork, join(folder, "hosts"), ...servers, folder, library, ...manager];
    child = spawn(unshare, words);
    child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
    createInterface({ input: child.stdout }).on("line", (line) => told.push(toldSchema.parse(JSON.parse(line))));
    post(["web", "db"].map(alertOf));
    await heard(Object.keys(receivers).length);
  });

  afterAll(async () => {
    const ended = new Promise((done) => child?.once("exit", done) ?? done(undefined));
    child?.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  test("mail goes to everybody named, by TLS and with the login, or by neither where the settings say so [C1]", () => {
    const mails = told.flatMap((one) => (one.kind === "mail" ? [one] : [])).sort((a, b) => a.port - b.port);
    expect(mails.map(({ text: _text, subject: _subject, ...rest }) => rest)).toEqual([
      {
        kind: "mail",
        port: 25,
        cipher: false,
        user: null,
        password: null,
        from: "a@example.com",
        to: ["b@example.com"],
        heading: "b@example.com",
      },
      {
        kind: "mail",
        port: 465,
        cipher: true,
        user: "lifeboat",
        password: secrets.secure,
        from: "lifeboat@example.com",
        to: ["ops@example.com"],
        heading: "ops@example.com",
      },
      {
        kind: "mail",
        port: 587,
        cipher: true,
        user: "lifeboat",
        password: secrets.mail,
        from: "lifeboat@example.com",
        to: ["ops@example.com", "two@example.com"],
        heading: "ops@example.com, two@example.com",
      },
    ]);
    for (const { subject, text } of mails) {
      expect(subject).toBe("[FIRING:2] BackupGone prod (critical)");
      expect(text).toContain("The newest backup of guest web (&lt;101&gt; &amp; more_*[1]) is gone");
      expect(text).toContain(runbook);
    }
  });

  test("Telegram's bot says it in the chat, with the name and the runbook, whatever signs are in it [C1]", () => {
    const [message] = requests("api.telegram.org");
    expect(message).toMatchObject({ method: "POST", url: `/bot${secrets.chat}/sendMessage` });
    const { chat_id, text, parse_mode } = z
      .object({ chat_id: z.string(), text: z.string(), parse_mode: z.string() })
      .parse(message?.body);
    expect([chat_id, parse_mode]).toEqual(["-1001", "HTML"]);
    expect(text).toContain("guest web (&lt;101&gt; &amp; more_*[1]) is gone");
    expect(text).toContain(runbook);
  });

  test("ntfy gets Alertmanager's JSON at its topic, with the template that reads it and the token [C1]", () => {
    const [message] = requests("ntfy.example.com");
    expect(message).toMatchObject({
      method: "POST",
      url: "/backups?template=alertmanager",
      authorization: `Bearer ${secrets.phone}`,
    });
    expect(alertsSchema.parse(message?.body)).toMatchObject({ receiver: "phone", status: "firing" });
  });

  test("a webhook is told at its secret address as at an open one, in one message for guests that fail together [C1]", () => {
    const messages = requests("hooks.example.com").sort((a, b) => (a.url < b.url ? -1 : 1));
    expect(messages.map(({ url, authorization }) => [url, authorization])).toEqual([
      ["/not-a-real-path", ""],
      ["/open", ""],
    ]);
    for (const { body } of messages) {
      const { alerts } = alertsSchema.parse(body);
      expect(alerts.map(({ annotations }) => annotations)).toEqual(
        expect.arrayContaining(["web", "db"].map((guest) => alertOf(guest).annotations)),
      );
    }
  });

  test("everybody is told of its end, too [C1]", async () => {
    told.splice(0);
    const endsAt = new Date().toISOString();
    post(["web", "db"].map((guest) => ({ ...alertOf(guest), endsAt })));
    await heard(Object.keys(receivers).length);
    const said = told.map((one) => (one.kind === "mail" ? one.subject : JSON.stringify(one.body)));
    for (const text of said) expect(text.toLowerCase()).toContain("resolved");
    expect(told.map(({ kind }) => kind).sort()).toEqual([
      "api.telegram.org",
      "hooks.example.com",
      "hooks.example.com",
      "mail",
      "mail",
      "mail",
      "ntfy.example.com",
    ]);
  });
});

function requests(host: z.infer<typeof requestSchema>["kind"]) {
  return told.flatMap((one) => (one.kind === host && "url" in one ? [one] : []));
}

function post(alerts: readonly object[]): void {
  child.stdin.write(`${JSON.stringify(alerts)}\n`);
}

/** Waits until so many messages have come. @throws Error with what has, when they never do */
async function heard(messages: number): Promise<void> {
  for (let look = 0; look < 1_200; look += 1) {
    if (told.length >= messages) return;
    await sleep(100);
  }
  const came = told.map(({ kind }) => kind).join(", ");
  throw new Error(
    `Not all ${String(messages)} messages came, but: ${came}. What the servers say: ${errors.slice(-4_000)}`,
  );
}
