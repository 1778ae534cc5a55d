import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { readIdentities } from "../../../../../scripts/clients/data-program/age-identity";
import { carry } from "../../../../../scripts/clients/data-program/transfer";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-transfer-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const plain = randomBytes(300_000);
const signal = new AbortController().signal;

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
}

/** A key of this run, with what is encrypted for it. */
async function encrypted(): Promise<{ readonly identity: string; readonly bytes: Buffer }> {
  const identity = await generateX25519Identity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  return { identity, bytes: Buffer.from(await encrypter.encrypt(plain)) };
}

/** Carries some bytes as if the manifest told of `told`. What came out, and whether its end did. */
async function carried(bytes: Buffer, told: Buffer, identities?: string) {
  const to = new PassThrough();
  const chunks: Buffer[] = [];
  let ended = false;
  to.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => (ended = true));
  to.on("error", () => undefined);
  const counts: number[] = [];
  const cargo = {
    from: Readable.from(chunksOf(bytes), { objectMode: false }),
    to,
    sha256: createHash("sha256").update(told).digest("hex"),
    size: told.length,
    identities: identities === undefined ? undefined : readIdentities(identities),
    onBytes: (count: number) => void counts.push(count),
  };
  const failure = await carry(cargo, signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  await new Promise(setImmediate);
  return { failure, ended, got: Buffer.concat(chunks), counts };
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

test("what was stored comes as it is, and is counted on the way [I6]", async () => {
  const { failure, ended, got, counts } = await carried(plain, plain);
  expect([failure, ended, got.equals(plain), counts.at(-1)]).toEqual([undefined, true, true, plain.length]);
});

test("what was encrypted is opened on this machine with the identity of a file [I5, I6]", async () => {
  const { identity, bytes } = await encrypted();
  const { failure, got } = await carried(bytes, bytes, file("key", `# made today\n\n${identity}\n`));
  expect([failure, got.equals(plain)]).toEqual([undefined, true]);
});

test("another identity ends with 12, and nothing comes through [I5]", async () => {
  const { bytes } = await encrypted();
  const { failure, ended, got } = await carried(bytes, bytes, file("key", await generateX25519Identity()));
  expect(failure).toMatchObject({ exitCode: 12, message: expect.stringContaining("another identity") });
  expect([ended, got.length]).toEqual([false, 0]);
});

test.each([
  [
    "a byte that has turned over",
    (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)]),
    /its sum is another/u,
  ],
  ["one that is cut off", (bytes: Buffer) => bytes.subarray(0, 100_000), /100000 of 300000 bytes came/u],
])("%s never ends as if all had come [I6]", async (_, damage, why) => {
  const { failure, ended } = await carried(damage(plain), plain);
  expect(failure).toMatchObject({ exitCode: 1, message: expect.stringMatching(why) });
  expect(ended).toBe(false);
});

test("an encrypted one that is cut off is no shorter one [I5]", async () => {
  const { identity, bytes } = await encrypted();
  const { failure, ended } = await carried(bytes.subarray(0, -70_000), bytes, file("key", identity));
  expect([failure instanceof Error, ended]).toEqual([true, false]);
});

test("a file of identities that others can read, that is missing, empty or of another form is refused [I5, N6]", async () => {
  const key = await generateX25519Identity();
  const refusals = [
    () => readIdentities(file("open", key, 0o644)),
    () => readIdentities(join(folder, "missing")),
    () => readIdentities(file("empty", "# nothing\n")),
    () => readIdentities(file("other", "ssh-ed25519 AAAA\n")),
  ].map((read) => {
    try {
      return read();
    } catch (error) {
      return error;
    }
  });
  expect(refusals.map((error) => (error instanceof Error ? error.message : "read"))).toEqual([
    expect.stringContaining("can be read by others"),
    expect.stringMatching(/cannot be read: .*ENOENT/u),
    expect.stringContaining("are none"),
    expect.stringContaining("of a form that is not read"),
  ]);
  expect(refusals).toEqual(refusals.map(() => expect.objectContaining({ exitCode: 12 })));
});
