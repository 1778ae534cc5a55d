import { copiedSince, copiedText } from "../../../../scripts/terminal/copied";

const gibi = 1024 ** 3;

test.each([
  [0, 10 * gibi, 5, "0 B of 10.0 GiB"],
  [gibi, 10 * gibi, 1, "1.0 GiB of 10.0 GiB"],
  [gibi, 10 * gibi, 10, "1.0 GiB of 10.0 GiB, 102 MiB/s, 1 min 30 s left"],
  [10 * gibi, 10 * gibi, 10, "10.0 GiB of 10.0 GiB, 1.0 GiB/s"],
  [gibi, undefined, 10, "1.0 GiB, 102 MiB/s"],
  // A storage that tells another size than there are bytes.
  [2 * gibi, gibi, 10, "2.0 GiB, 205 MiB/s"],
])("%d of %p bytes in %d s: %s", (done, total, seconds, text) => {
  expect(copiedText(done, total, seconds)).toBe(text);
});

test("the rate is that since it began", () => {
  const told: string[] = [];
  let now = 5_000;
  const tell = copiedSince(
    4_096,
    (text) => told.push(text),
    () => now,
  );
  now += 2_000;
  tell(1_024);
  now += 2_000;
  tell(4_096);
  expect(told).toEqual(["1.0 KiB of 4.0 KiB, 512 B/s, 6.0 s left", "4.0 KiB of 4.0 KiB, 1.0 KiB/s"]);
});
