import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { typeScript } from "../../../sandbox/machine/type-script";
import { NodeServer } from "../../proxmox/api/node-server";

let server: NodeServer;
let other: NodeServer;
/** What each client said of a server whose certificate nobody vouches for. */
let said: Record<string, string>;

beforeAll(async () => {
  [server, other] = (await Promise.all([0, 1].map(() => NodeServer.start(() => ({ body: { data: [] } }))))) as [
    NodeServer,
    NodeServer,
  ];
  const [program = "", ...words] = typeScript(process.cwd(), "test/support/verified-tls/clients.ts");
  const environment = { PATH: process.env["PATH"], NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
  const { stdout } = await promisify(execFile)(program, [...words, server.endpoint, other.ca], { env: environment });
  said = JSON.parse(stdout);
});

afterAll(() => Promise.all([server.stop(), other.stop()]));

test("every client verifies who answers, whatever NODE_TLS_REJECT_UNAUTHORIZED says [N4]", () => {
  const { "nothing said": unverified, ...clients } = said;
  expect(unverified).toBe("went through: 200");
  const refused = expect.stringMatching(/certificate|fingerprint|UNABLE_TO_VERIFY|SELF_SIGNED/iu);
  expect(clients).toEqual(Object.fromEntries(Object.keys(clients).map((client) => [client, refused])));
  expect(Object.keys(clients).length).toBe(14);
});

test("nothing reaches a server that nobody vouches for: no token and no key [N4]", () => {
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

/** Where connections are made, and the client by whose words the test above knows it. */
const opens: Readonly<Record<string, string>> = {
  "proxmox/api/certificate.ts": "sends nothing, and shows a certificate to a person",
  "proxmox/api/transport.ts": "node",
  "proxmox/api/trust.ts": "node",
  "scripts/clients/data-report.ts": "asks a guest of what is no secret, without TLS",
  "scripts/clients/minio/minio-admin.ts": "administration of the store",
  "scripts/clients/notify/post.ts": "webhook or ntfy",
  "scripts/clients/object-store/s3-client.ts": "store",
  "scripts/machine/verified-dispatcher.ts": "GitHub, part of the toolchain, webhook",
  "scripts/project/store-health.ts": "health of the store",
  "scripts/pull-requests/github.ts": "GitHub",
  "scripts/toolchain/download.ts": "part of the toolchain",
  "stacks/state-store-probe.ts": "buckets of the store",
};

test("there is no client besides those [N4]", () => {
  const words =
    /^(?!import type).* from "(?:(?:node:)?(?:https|tls|http2)|undici)"|new S3Client\(|(?:await|return|=) fetch\(/mu;
  const sources = ["components", "proxmox", "scripts", "site", "stacks"].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: "utf8" }).map((name) => `${room}/${name}`),
  );
  const found = sources.filter((path) => path.endsWith(".ts") && words.test(readFileSync(path, "utf8")));
  expect(found.sort()).toEqual(Object.keys(opens));
});
