import { Readable } from "node:stream";
import { OffsiteArchives } from "../../../../scripts/clients/offsite-archives";
import { OffsiteDumps } from "../../../../scripts/clients/offsite-dumps";
import type { ObjectVersion } from "../../../../scripts/clients/object-store/object-store";

const plain = { versionId: "1", modified: 0, latest: true, deleteMarker: false };

/** A bucket in which every object is said to be so large, and which gives the same bytes of each. */
function bucketOf(keys: readonly string[], size: number) {
  const read: string[] = [];
  const version = (key: string): ObjectVersion => ({ ...plain, key, size });
  const store = {
    place: "s3://far",
    versions: () => Promise.resolve(keys.map(version)),
    lockedUntil: () => Promise.resolve(undefined),
    open: () => Promise.resolve(Readable.from([])),
    read: (key: string) => {
      read.push(key);
      return Promise.resolve(Buffer.from(`${"0".repeat(64)}  ${key.split("/")[3] ?? ""}\n`));
    },
  };
  return { store, read };
}

test("sums as large as nobody writes them are read into no memory, and damage one copy alone [J1, N1]", async () => {
  const name = "vzdump-lxc-101-2026_11_20-01_00_00.tar.zst";
  const keys = [name, "SHA256SUMS"].map((file) => `archives/prod/web/${name}/${file}`);
  const large = bucketOf(keys, 5 * 2 ** 30);
  const filesOf = async ({ store }: typeof large) => {
    const archives = new OffsiteArchives(store, "archives/prod/web");
    const [archive] = await archives.list("UTC");
    return archive && archives.files(archive);
  };
  await expect(filesOf(large)).rejects.toThrow(`SHA256SUMS of ${name} is no such file`);
  expect(large.read).toEqual([]);
  // As large as they are, they are read.
  expect(await filesOf(bucketOf(keys, 200))).toEqual([{ file: name, sha256: "0".repeat(64), bytes: 200 }]);
});

test("the same goes for dumps: the others are read [J1, N1]", async () => {
  const keys = ["manifest.json", "SHA256SUMS"].map((file) => `dumps/prod/web/2026-11-20/files/shop-010000Z/${file}`);
  const { store, read } = bucketOf(keys, 5 * 2 ** 30);
  const { whole, damaged } = await new OffsiteDumps(store, "dumps/prod/web").readAll("shop");
  expect([whole, damaged.map(({ why }) => why), read]).toEqual([[], [expect.stringContaining("is no such file")], []]);
});
