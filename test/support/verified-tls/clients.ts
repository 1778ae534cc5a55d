import { request } from "node:https";
import { createClient } from "../../../proxmox/api/client";
import { MinioAdmin } from "../../../scripts/clients/minio/minio-admin";
import { parseAddress, webhookChannel } from "../../../scripts/clients/notify/post";
import { S3Store } from "../../../scripts/clients/object-store/s3-store";
import { storeHealth } from "../../../scripts/project/store-health";
import { postComment } from "../../../scripts/pull-requests/github";
import { downloadText } from "../../../scripts/toolchain/download";
import { existingBuckets } from "../../../stacks/state-store-probe";

/**
 * Lets every client of Lifeboat speak to a server whose certificate nobody vouches for, and prints what each of them says
 * of it. A process of its own: Node reads `NODE_TLS_REJECT_UNAUTHORIZED` from the environment that it was started with.
 */
const [endpoint = "", otherAuthority = ""] = process.argv.slice(2);

const key = { accessKey: "reader", secretKey: "no secret at all" };

const store = (authority?: string) =>
  storeHealth({ endpoint, authority, store: { kind: "container" } } as Parameters<typeof storeHealth>[0]);

const s3 = (ca?: string) =>
  new S3Store({
    bucket: "b",
    endpoint,
    region: "us-east-1",
    credentials: key,
    attempts: 1,
    ...(ca === undefined ? {} : { ca }),
  }).list("");

const node = (trust: Parameters<typeof createClient>[0]["trust"]) =>
  createClient({ endpoint, trust, credential: { kind: "token", value: "a@pve!b=c" } }).cluster.nodes();

const probe = (authority?: string) => existingBuckets({ endpoint, region: "us-east-1", key, authority }, ["b"]);

const administration = (ca?: string) =>
  new MinioAdmin({ endpoint, region: "us-east-1", key, ...(ca === undefined ? {} : { ca }) }).removeUser("nobody");

const attempts: Record<string, () => Promise<unknown>> = {
  // What shows that the variable has its effect here: nobody verifies.
  "nothing said": () =>
    new Promise((resolve, reject) => {
      request(endpoint, (answer) => resolve(answer.resume().statusCode))
        .on("error", reject)
        .end();
    }),
  "node, system's authorities": () => node({ kind: "system" }),
  "node, another authority": () => node({ kind: "ca", pem: otherAuthority }),
  "node, another fingerprint": () => node({ kind: "fingerprint", sha256: "AA".repeat(32) }),
  "store, system's authorities": () => s3(),
  "store, another authority": () => s3(otherAuthority),
  "health of the store, system's authorities": async () => (await store()).trouble,
  "health of the store, another authority": async () => (await store(otherAuthority)).trouble,
  "buckets of the store, system's authorities": () => probe(),
  "buckets of the store, another authority": () => probe(otherAuthority),
  "administration of the store, system's authorities": () => administration(),
  "administration of the store, another authority": () => administration(otherAuthority),
  "webhook or ntfy": () =>
    webhookChannel(parseAddress("hook", `${endpoint}/secret`)).send(
      { subject: "s", text: "t", value: {}, isAlarm: true },
      new AbortController().signal,
    ),
  GitHub: () =>
    postComment(
      { apiUrl: endpoint, repository: "o/r", number: 1, token: "no token" },
      "<!-- mark -->",
      "0".repeat(40),
      { signal: AbortSignal.timeout(60_000), pauses: [] },
    ),
  "part of the toolchain": () =>
    downloadText(`${endpoint}/part`, { answerMilliseconds: 60_000, stallMilliseconds: 60_000 }),
};

async function main(): Promise<void> {
  const said: Record<string, string> = {};
  for (const [client, attempt] of Object.entries(attempts)) {
    said[client] = await attempt().then(
      (value) => `went through: ${JSON.stringify(value)}`,
      (error: unknown) => textOf(error),
    );
  }
  process.stdout.write(JSON.stringify(said));
  process.exit();
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${textOf(error.cause)})`;
}

void main();
