import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { requireAgent } from "../../../stacks/ssh-agent";
import { runProgram } from "../../support/pulumi-mocks";

const { SSH_AUTH_SOCK: own } = process.env;
let folder: string;
let server: Server | undefined;
const sockets: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-agent-"));
  process.env["SSH_AUTH_SOCK"] = join(folder, "agent");
});

afterEach(async () => {
  if (own === undefined) delete process.env["SSH_AUTH_SOCK"];
  else process.env["SSH_AUTH_SOCK"] = own;
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
  jest.restoreAllMocks();
});

async function agent(answer: (socket: Socket) => void): Promise<void> {
  const listening = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    socket.once("data", () => answer(socket));
  });
  server = listening;
  await new Promise<void>((done) => listening.listen(join(folder, "agent"), done));
}

const ask = (preview = false) => runProgram({}, () => requireAgent("prod"), { preview });

test("an agent that answers is one, and so is none [N7]", async () => {
  await agent((socket) => socket.write(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0])));
  await expect(ask()).resolves.toBeDefined();
  delete process.env["SSH_AUTH_SOCK"];
  await expect(ask()).resolves.toBeDefined();
});

test.each<[string, ((socket: Socket) => void) | undefined, string]>([
  ["is gone", undefined, "ENOENT"],
  ["says nothing", () => undefined, "it says nothing for 3 s"],
  ["closes", (socket) => socket.destroy(), "it closes the connection"],
])("one that %s ends an update before anything is made, with what to do [N7]", async (_what, answer, why) => {
  if (answer !== undefined) await agent(answer);
  const refused = await ask().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(pulumi.RunError);
  expect(String(refused)).toContain(`SSH_AUTH_SOCK names ${join(folder, "agent")}, where no agent answers: `);
  expect(String(refused)).toContain(why);
  expect(String(refused)).toContain("HINT: unset SSH_AUTH_SOCK");
});

test("a preview asks no provider to log in: it warns", async () => {
  const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  await expect(ask(true)).resolves.toBeDefined();
  expect(warn).toHaveBeenCalledWith(expect.stringContaining("where no agent answers"));
});
