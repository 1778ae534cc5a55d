import { openSecrets, UnreadableSecret, WrongPassphrase } from "../../../../scripts/project/passphrase";

/** Vector of Pulumi's own test (`pkg/secrets/passphrase`): made by the real program. */
const salt = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==";

test("Pulumi's own vector opens with its passphrase", async () => {
  await expect(openSecrets(salt, "password")).resolves.toBeInstanceOf(Function);
});

test("and with no other", async () => {
  await expect(openSecrets(salt, "password ")).rejects.toBeInstanceOf(WrongPassphrase);
  await expect(openSecrets(salt, "")).rejects.toBeInstanceOf(WrongPassphrase);
});

test.each(["", "v1", "v2:a:v1:b:c", "v1:a:v1:b", "v1:a:v1:b:c:d", "v1:a:v2:b:c", "v1:a:v1:b:c"])(
  "'%s' is no salt",
  async (text) => {
    await expect(openSecrets(text, "password")).rejects.toBeInstanceOf(UnreadableSecret);
  },
);

test.each(["", "v1:AAAA", "v1:a:b:c", "v2:a:b"])("'%s' is no secret", async (text) => {
  const decrypt = await openSecrets(salt, "password");
  expect(() => decrypt(text)).toThrow(UnreadableSecret);
});
