import { parse } from "yaml";
import { createSecretBox, openSecretBox } from "../../../../scripts/project/passphrase";
import { setSettings, type SettingValue } from "../../../../scripts/project/set-settings";
import { InsertError } from "../../../../scripts/project/yaml-places";

const pem = "-----BEGIN CERTIFICATE-----\nMIIB\nAQ==\n-----END CERTIFICATE-----\n";
const secret = { secure: "v1:AAAA:BBBB" };

const file = [
  "# The site's monitoring.",
  "config:",
  "  # Where defaults come from.",
  "  lifeboat:profile:   monitoring   # as it is",
  "",
  "  lifeboat:guests:",
  "      web: {adopt:   101}",
  "      # to do: more",
  "",
  "# The end.",
  "",
];

test("secrets, a certificate and the salt stand behind the rest, which stays byte for byte [B3]", () => {
  const config: Record<string, SettingValue> = {
    "lifeboat:stateKey": secret,
    "lifeboat:stateStoreAuthority": pem,
    "lifeboat:note": 'it\'s "a: b" # c',
  };
  const after = setSettings(file.join("\n"), { config, salt: "v1:x:v1:y:z" });
  expect(after.split("\n")).toEqual([
    ...file.slice(0, 8),
    "",
    "  lifeboat:stateKey:",
    "    secure: v1:AAAA:BBBB",
    "",
    "  lifeboat:stateStoreAuthority: |",
    ...pem
      .trim()
      .split("\n")
      .map((line) => `    ${line}`),
    "",
    `  lifeboat:note: "it's \\"a: b\\" # c"`,
    ...file.slice(8, 10),
    "encryptionsalt: v1:x:v1:y:z",
    "",
  ]);
  expect(parse(after).config["lifeboat:stateStoreAuthority"]).toBe(pem);
});

test("a setting that is there is replaced in its place, with the comments around it [B3]", () => {
  const before = [
    "config:",
    "  # the keys",
    "  lifeboat:stateStoreKeys:",
    "    secure: v1:old:old   # of last year",
    "  # the authority",
    "  lifeboat:stateStoreAuthority: |",
    "    old",
    "    certificate",
    "",
    "  # the profile",
    "  lifeboat:profile: lab",
    "encryptionsalt: v1:x",
    "",
  ].join("\n");
  const config = { "lifeboat:stateStoreKeys": secret, "lifeboat:stateStoreAuthority": pem };
  const after = setSettings(before, { config });
  expect(after).toBe(
    before.replace("v1:old:old", secret.secure).replace("    old\n    certificate", pem.trim().replace(/^/gmu, "    ")),
  );
});

test.each([
  ["in one line", "config: { lifeboat:profile: lab }\n"],
  ["with Windows' line ends", "config:\r\n  lifeboat:profile: lab\r\n"],
  ["without a line end", "config:\n  lifeboat:profile: lab"],
])("a file %s [B3]", (_, text) => {
  const config = { "lifeboat:stateKey": secret, "lifeboat:stateStoreAuthority": pem };
  const after = setSettings(text, { config, salt: "v1:x" });
  expect(parse(after)).toEqual({ config: { "lifeboat:profile": "lab", ...config }, encryptionsalt: "v1:x" });
  expect(after.startsWith(text.trimEnd().replace(/ \}$/u, ""))).toBe(true);
});

test.each([
  ["no config", "encryptionsalt: v1:x\n"],
  ["a second salt", "config: { a: 1 }\nencryptionsalt: v1:x\n"],
  ["two documents", "config: { a: 1 }\n---\nconfig: { a: 2 }\n"],
])("%s: refused, not guessed at [B3]", (_, text) => {
  expect(() => setSettings(text, { config: { "lifeboat:stateKey": secret }, salt: "v1:y" })).toThrow(InsertError);
});

test("what is sealed opens again, with the passphrase only, and never looks the same [B3]", async () => {
  const box = await createSecretBox("correct horse");
  const sealed = box.seal("ä secret");
  expect(sealed).not.toBe(box.seal("ä secret"));
  expect((await openSecretBox(box.salt, "correct horse")).open(sealed)).toBe("ä secret");
  await expect(openSecretBox(box.salt, "another")).rejects.toThrow("the passphrase does not open the secrets");
});
