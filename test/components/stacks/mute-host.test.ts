import { createServer, type Server, type Socket } from "node:net";
import { isMute } from "../../../stacks/mute-host";

let server: Server;
const sockets: Socket[] = [];

async function listening(answer: (socket: Socket) => void): Promise<number> {
  server = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    answer(socket);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((done) => server.close(done));
});

test("a host that takes the connection and says nothing is told from one that answers, closes or is off [N7]", async () => {
  expect(await isMute("127.0.0.1", await listening(() => undefined))).toBe(true);
  server.close();
  expect(await isMute("127.0.0.1", await listening((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")))).toBe(false);
  server.close();
  const port = await listening((socket) => socket.destroy());
  expect(await isMute("127.0.0.1", port)).toBe(false);
  server.close();
  expect(await isMute("127.0.0.1", port)).toBe(false);
});
