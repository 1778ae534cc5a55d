import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { openSecretBox } from "../../../../scripts/project/passphrase";
import { layoutOf, type Layout } from "../../../sandbox/setup/layout";
import { mirrorFiles } from "../../../sandbox/setup/services/mirror";
import { fillStoreSettings, withSandboxStore } from "../../../sandbox/setup/services/store-settings";

const projectFolder = resolve(__dirname, "../../../..");

const example = `# Kept: a comment at the top.
config:
  lifeboat:stateStore:
    guest: store # kept: beside a value
    server: { file: minio, sha256: ${"0".repeat(64)} }
    allow: [192.0.2.0/24]
    copies:
      offsite: { endpoint: "https://s3.example.com", bucket: copies-of-states, schedule: "04:15" }
`;

const server = { url: "http://192.0.2.20/minio.RELEASE.1", sha256: "a".repeat(64) };

describe("the state store's settings in the sandbox's copy", () => {
  test("name the server of the mirror, and the provider with its authority; the rest is the example's", () => {
    const text = withSandboxStore(example, example, server);
    expect(parse(text).config["lifeboat:stateStore"]).toEqual({
      guest: "store",
      server,
      allow: ["192.0.2.0/24"],
      copies: {
        offsite: {
          endpoint: "https://192.0.2.30:9000",
          bucket: "offsite",
          schedule: "04:15",
          ca: "offsite-ca.pem",
        },
      },
    });
    expect(text).toContain("# Kept: a comment at the top.");
    expect(text).toContain("# kept: beside a value");
  });

  test("stay what somebody has made of them since", () => {
    const filled = withSandboxStore(example, example, server);
    const upgraded = filled.replaceAll("RELEASE.1", "RELEASE.2").replace(`"https://192.0.2.30:9000"`, "https://other");
    expect(withSandboxStore(upgraded, example, server)).toBe(upgraded);
  });

  test.each([
    ["no store", "config:\n  lifeboat:profile: prod # kept\n"],
    ["a service that is there already", "config: { lifeboat:stateStore: { service: { endpoint: https://s3 } } }\n"],
  ])("with %s there is nothing to fill in", (_what, text) => {
    expect(withSandboxStore(text, text, server)).toBe(text);
  });

  describe("in a file", () => {
    let layout: Layout;
    let file: string;
    const artifact = { program: "/cache/minio", name: "minio.RELEASE.1" };

    beforeEach(() => {
      layout = layoutOf(mkdtempSync(join(tmpdir(), "lifeboat-")));
      file = join(layout.folder, "Pulumi.monitoring.yaml");
      write(layout.passphraseFile, "not a secret 1\n");
      write(layout.offsiteKeyFile, '{"accessKey":"offsite","secretKey":"not-a-secret-2"}\n');
      write(join(mirrorFiles(layout), `${artifact.name}.sha256`), `${server.sha256}  x\n`);
      write(file, example);
    });

    afterEach(() => rmSync(layout.folder, { recursive: true }));

    function fill(): string {
      fillStoreSettings(file, example, { layout, projectFolder }, { minio: artifact, minioHotfix: artifact });
      return readFileSync(file, "utf8");
    }

    test("the provider's key is a secret under the sandbox's passphrase, and is made once", async () => {
      const text = fill();
      expect(text).not.toContain("not-a-secret-2");
      const { config, encryptionsalt } = parse(text);
      expect(config["lifeboat:stateStore"].server).toEqual(server);
      const { open } = await openSecretBox(encryptionsalt, "not a secret 1");
      expect(JSON.parse(open(config["lifeboat:stateStoreOffsiteKey"].secure))).toEqual({
        accessKey: "offsite",
        secretKey: "not-a-secret-2",
      });
      expect(fill()).toBe(text);
    });

    test("a store without a provider gets no key of one", () => {
      write(file, example.replace(/^ +copies:\n.*\n/m, ""));
      expect(fill()).not.toContain("stateStoreOffsiteKey");
    });
  });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
