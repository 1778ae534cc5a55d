/**
 * What receivers of alerts are told, each told as it really comes: servers for mail, Telegram, ntfy and a webhook in a network of
 * their own, where all names lead to them, and the Alertmanager beside them.
 *
 *     told FOLDER SMTP-LIBRARY ALERTMANAGER-WORD…
 *
 * FOLDER has the certificate of the servers (`servers.pem`, `servers.key`) and `alertmanager.yml`. Each line of standard input is
 * posted to Alertmanager; each thing that a receiver is told is a line of JSON on standard output. It ends with its input.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const [folder = "", library = "", program = "", ...words] = process.argv.slice(2);
const api = "http://127.0.0.1:9093";

/** One port as servers of mail have it: STARTTLS or TLS from the start, both with a login, or neither. */
const mailServer = `
import email.policy, json, ssl, sys, threading, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
# As Postfix, Exchange and their like ask; of "User Name", which this library has otherwise, Alertmanager knows nothing.
SMTP.AuthLoginUsernameChallenge, SMTP.AuthLoginPasswordChallenge = "Username:", "Password:"
folder = sys.argv[1]
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(folder + "/servers.pem", folder + "/servers.key")
one_at_a_time = threading.Lock()
def say(what):
    with one_at_a_time: print(json.dumps(what), flush=True)
def authenticate(server, session, envelope, mechanism, data):
    session.user, session.password = data.login.decode(), data.password.decode()
    return AuthResult(success=True)
class Told:
    def __init__(self, port): self.port = port
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "kind": "mail", "port": self.port,
            "cipher": server.transport.get_extra_info("cipher") is not None,
            "user": getattr(session, "user", None), "password": getattr(session, "password", None),
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "heading": mail["To"], "subject": mail["Subject"],
            "text": mail.get_body().get_content(),
        })
        return "250 taken"
login = dict(authenticator=authenticate, auth_required=True)
Controller(Told(587), hostname="127.0.0.1", port=587, tls_context=tls, require_starttls=True, auth_exclude_mechanism=["LOGIN"], **login).start()
Controller(Told(465), hostname="127.0.0.1", port=465, ssl_context=tls, auth_require_tls=False, auth_exclude_mechanism=["PLAIN"], **login).start()
Controller(Told(25), hostname="127.0.0.1", port=25).start()
time.sleep(86400)
`;

const children: ChildProcess[] = [];

/** Its lines are said one by one: a mail is longer than what two processes may write at once. */
function run(command: string, argv: readonly string[], environment: NodeJS.ProcessEnv): void {
  const stdio = ["ignore", "pipe", "inherit"] as const;
  const child = spawn(command, argv, { env: { ...process.env, ...environment }, stdio: [...stdio] });
  createInterface({ input: child.stdout }).on("line", (line) => process.stdout.write(`${line}\n`));
  children.push(child);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { host = "", authorization = "" } = request.headers;
    const { method = "", url = "" } = request;
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    process.stdout.write(`${JSON.stringify({ kind: host, method, url, authorization, body })}\n`);
    const chat = { id: -1001, type: "supergroup", title: "ops" };
    // What each of them answers; Alertmanager reads that of Telegram.
    const telegram = { ok: true, result: { message_id: 1, date: 1_790_000_000, chat, text: "told" } };
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(telegram));
  });
}

async function post(alerts: string): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const { status } = await fetch(`${api}/api/v2/alerts`, { method: "POST", headers, body: alerts });
  if (status !== 200) throw new Error(`Alertmanager takes no alert: ${String(status)}`);
}

async function ready(): Promise<void> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    if (
      await fetch(`${api}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error("Alertmanager does not get ready");
}

const certificate = {
  cert: readFileSync(join(folder, "servers.pem")),
  key: readFileSync(join(folder, "servers.key")),
};
createSecureServer(certificate, answer).listen(443, "127.0.0.1");
createServer(answer).listen(80, "127.0.0.1");
run("python3", ["-c", mailServer, folder], { PYTHONPATH: library });
run(
  program,
  [
    ...words,
    `--config.file=${join(folder, "alertmanager.yml")}`,
    `--storage.path=${join(folder, "data")}`,
    "--web.listen-address=127.0.0.1:9093",
    "--cluster.listen-address=",
  ],
  { SSL_CERT_FILE: join(folder, "ca.pem") },
);

void (async () => {
  await ready();
  for await (const line of createInterface({ input: process.stdin })) await post(line);
  for (const child of children) child.kill("SIGKILL");
  process.exit(0);
})();
