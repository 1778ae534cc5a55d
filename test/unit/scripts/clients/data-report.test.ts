import { createServer, type RequestListener, type Server } from "node:http";
import { askForReport } from "../../../../scripts/clients/data-report";

const signal = new AbortController().signal;
const report = JSON.stringify({ version: 1, sources: [] });
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** What comes of asking a guest that answers so. */
async function asked(answer: RequestListener): Promise<unknown> {
  const made = createServer(answer);
  server = made;
  await new Promise<void>((done) => void made.listen(0, "127.0.0.1", done));
  return askForReport("127.0.0.1", signal, portOf(made));
}

function portOf(listening: Server | undefined): number {
  const address = listening?.address();
  if (typeof address !== "object" || address === null) throw new Error("it has a port");
  return address.port;
}

test("a guest's report, and how old it is [C2, I2]", async () => {
  expect(await asked((_, response) => response.writeHead(200, { age: "7" }).end(report))).toEqual({
    report: { sources: [], copies: undefined },
    age: 7,
  });
});

test.each<[string, RequestListener, string]>([
  ["does not know the exporter", (_, response) => response.writeHead(403).end("{}"), "does not let this address ask"],
  ["has not looked yet", (_, response) => response.writeHead(503).end("{}"), "has no report yet"],
  ["says something else", (_, response) => response.end(`{"version":2}`), "a form that is not known"],
  ["leads elsewhere", (_, response) => response.writeHead(302, { location: "/other" }).end(), "redirect"],
  ["does not end", (_, response) => response.end("x".repeat(2_000_000)), "too long"],
  ["hangs up", (_, response) => response.destroy(), "other side closed"],
])("a guest that %s tells nothing [C2]", async (_, answer, why) => {
  await expect(asked(answer)).rejects.toThrow(why);
});

test("nor does one at whose address nobody is [C2]", async () => {
  // A port that somebody had a moment ago.
  await asked((_, response) => response.end(report));
  const port = portOf(server);
  await new Promise((done) => server?.close(done));
  await expect(askForReport("127.0.0.1", signal, port)).rejects.toThrow("ECONNREFUSED");
});
