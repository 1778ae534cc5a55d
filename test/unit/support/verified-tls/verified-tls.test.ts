import { execFile } from "node:child_process";
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
  expect(Object.keys(clients).length).toBe(11);
});

test("nothing reaches a server that nobody vouches for: no token and no key [N4]", () => {
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});
