import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { downloadFile, downloadText, findSum, type DownloadFailure } from "../../../../scripts/toolchain/download";
import { Mirror, sha256 } from "./mirror";
import { removeScratchFolders, scratchFolder } from "./scratch";

const limits = { answerMilliseconds: 60_000, stallMilliseconds: 60_000 };
const content = Buffer.from("not a real program ".repeat(10_000));

let mirror: Mirror;
let file: string;

beforeEach(async () => {
  mirror = await Mirror.start();
  file = path.join(scratchFolder(), "program");
});

afterEach(async () => {
  await mirror.stop();
  removeScratchFolders();
});

function download(sum = sha256(content), within = limits): Promise<void> {
  return downloadFile(`${mirror.address}/program`, file, sum, within, () => undefined);
}

async function expectFailure(failure: DownloadFailure, action: Promise<unknown>): Promise<void> {
  await expect(action).rejects.toMatchObject({ failure });
  expect(existsSync(file)).toBe(false);
}

test("a file with the expected sum is kept [N7]", async () => {
  mirror.files.set("program", { body: content });
  await download();
  expect(readFileSync(file).equals(content)).toBe(true);
});

test("progress says how much has arrived", async () => {
  mirror.files.set("program", { body: Buffer.alloc(3_000_000) });
  const said: string[] = [];
  const sum = sha256(Buffer.alloc(3_000_000));
  await downloadFile(`${mirror.address}/program`, file, sum, limits, (text) => said.push(text));
  expect(said.at(-1)).toBe("3 MB of 3 MB");
});

test("a file with another sum leaves nothing, and the error names both sums [N7]", async () => {
  mirror.files.set("program", { body: content });
  const other = sha256("something else");
  const attempt = download(other);
  await expectFailure("wrong sum", attempt);
  await expect(attempt).rejects.toThrow(`${sha256(content)}, and ${other} is pinned`);
});

test("a transfer that ends half-way leaves nothing", async () => {
  mirror.files.set("program", { half: content });
  await expectFailure("cut off", download());
});

test("a file that is not there", async () => {
  await expectFailure("not found", download());
});

test("a server that refuses", async () => {
  mirror.files.set("program", { status: 503 });
  await expectFailure("refused", download());
});

test("a host that takes the connection and never answers", async () => {
  mirror.files.set("program", { silent: true });
  await expectFailure("unreachable", download(sha256(content), { ...limits, answerMilliseconds: 300 }));
});

test("a host where nothing listens", async () => {
  const { address } = mirror;
  await mirror.stop();
  await expectFailure("unreachable", downloadText(`${address}/sums`, limits));
  mirror = await Mirror.start();
});

test("a sum is found by the name of its file, in the forms of sha256sum", () => {
  const [one, two] = [sha256("1"), sha256("2")];
  const checksums = `${one}  first.tar.gz\n${two.toUpperCase()} *second.tar.gz\n`;
  expect(findSum(checksums, "first.tar.gz")).toBe(one);
  expect(findSum(checksums, "second.tar.gz")).toBe(two);
  expect(findSum(checksums, "third.tar.gz")).toBeUndefined();
  // A sum for anything would be one for what somebody else put there.
  expect(findSum(`${one}\n`, "any.tar.gz")).toBeUndefined();
  expect(findSum("<html>not a sum</html>", "first.tar.gz")).toBeUndefined();
});
