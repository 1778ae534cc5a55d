import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { S3Versions } from "../../../../scripts/clients/object-store/s3-versions";
import { OffsiteDumps } from "../../../../scripts/clients/offsite-dumps";
import { createKeyPair } from "../../../../site/state-store/keys";
import { bucket, type FarBucket, reader, root, writer } from "./far-bucket";

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function manifestOf(dump: string, content: string): string {
  const sum = sumOf(content);
  const one = { type: "database", name: "shop", counts: { tables: 1 }, plainBytes: 1, plainSha256: sum };
  const items = [{ file: "item-1.dump.zst", bytes: content.length, sha256: sum, ...one }];
  return JSON.stringify({ version: 1, dump, server: "PostgreSQL 15.20", recipients: [], items });
}

/** A dump comes back from its copy, whatever somebody does with the guest's key. */
export function copiedDumps(far: FarBucket): void {
  const { project } = far;

  async function copy(dump: string, manifest: string, content: string, headers = {}): Promise<void> {
    const sums = `${sumOf(content)}  item-1.dump.zst\n${sumOf(manifest)}  manifest.json\n`;
    const files = { "item-1.dump.zst": content, "manifest.json": manifest, SHA256SUMS: sums };
    for (const [file, text] of Object.entries(files)) {
      expect(await far.put(writer, `dumps/prod/db/${dump}/${file}`, text, headers)).toBe("200");
    }
  }
  const name = "2026-11-22/postgres/shop-030000Z";
  const item = "every row of the shop";
  let dumps: OffsiteDumps;

  beforeAll(async () => {
    const ca = readFileSync(join(project, "offsite-ca.pem"), "utf8");
    const store = new S3Versions({ bucket, endpoint: far.endpoint, region: "us-east-1", credentials: reader, ca });
    dumps = new OffsiteDumps(store, "dumps/prod/db");
    await copy(name, manifestOf(name, item), item);
  });

  async function restored(dump: string): Promise<string> {
    const found = (await dumps.list()).find((one) => one.name === dump);
    if (found === undefined) throw new Error(`there is no ${dump}`);
    const [first] = (await dumps.manifest(found)).items;
    if (first === undefined) throw new Error("it has an item");
    const chunks: Buffer[] = [];
    for await (const chunk of await dumps.open(found, first)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString("utf8");
  }

  test("comes back with nothing but the bucket and the key that reads [J3]", async () => {
    expect(await dumps.list()).toMatchObject([{ name, source: "shop", doubts: [] }]);
    expect(await restored(name)).toBe(item);
  });

  test("comes back as it was, whoever has written over it with whatever date, and hidden it [J1, J3, N1]", async () => {
    // The server counts locks in seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    for (const date of ["2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]) {
      await copy(name, manifestOf(name, "forged"), "forged", { "x-minio-source-mtime": date });
    }
    expect(await far.ask(root, { method: "DELETE", path: `/${bucket}/dumps/prod/db/${name}/SHA256SUMS` })).toBe("204");
    expect(await restored(name)).toBe(item);
    const [found] = await dumps.list();
    expect([...(found?.doubts ?? [])].sort()).toEqual([
      "SHA256SUMS was marked as deleted, and is there",
      "SHA256SUMS was written 3 times: the first counts",
      "item-1.dump.zst was written 3 times: the first counts",
      "manifest.json was written 3 times: the first counts",
    ]);
  });

  test("that is not what its manifest says ends with an error, and one whose sums are another's is refused [J3]", async () => {
    const broken = "2026-11-23/postgres/shop-030000Z";
    await copy(broken, manifestOf(broken, item), "every row of the shOp");
    await expect(restored(broken)).rejects.toThrow("is not what its manifest says");
    const other = "2026-11-24/postgres/shop-030000Z";
    await copy(other, manifestOf(name, item), item);
    await expect(restored(other)).rejects.toThrow("is none, or that of another dump");
  });

  test("that cannot be looked for is not gone: a key that may not is an error [J3]", async () => {
    const stranger = new S3Versions({
      bucket,
      endpoint: far.endpoint,
      region: "us-east-1",
      credentials: createKeyPair("nobody"),
      ca: readFileSync(join(project, "offsite-ca.pem"), "utf8"),
    });
    await expect(new OffsiteDumps(stranger, "dumps/prod/db").list()).rejects.toMatchObject({ kind: "denied" });
  });
}
