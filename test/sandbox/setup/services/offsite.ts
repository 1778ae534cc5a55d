import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { run } from "../../machine/child-process";
import { certificateFiles, ensureCertificates } from "../../server/certificates";
import type { Layout } from "../layout";
import { inNetwork, siteNames } from "../../machine/names";
import { typeScript } from "../../machine/type-script";
import type { Service, ServicePlace } from "./service";

const ADDRESS = "192.0.2.30";

/** Bucket of the offsite provider. Every version of an object stays in it. */
export const OFFSITE_BUCKET = "offsite";

/** An S3 server of its own that plays the provider of storage outside the site: TLS by the sandbox's CA. */
export const offsite: Service = {
  name: "offsite",
  title: "offsite S3 server",
  address: ADDRESS,
  url: `https://${ADDRESS}:9000`,
  prepare,
  command: ({ folder, artifacts }) => ({
    words: [
      artifacts.minio.program,
      "server",
      "--quiet",
      "--address",
      `${ADDRESS}:9000`,
      "--certs-dir",
      join(folder, "certificates"),
      join(folder, "data"),
    ],
    // The key is in a file: an environment can be read by others of the same user.
    environment: { MINIO_CONFIG_ENV_FILE: join(folder, SETTINGS), MINIO_UPDATE: "off", MINIO_BROWSER: "off" },
  }),
  ready,
};

const keySchema = z.object({ accessKey: z.string(), secretKey: z.string() });

/** The key pair that the provider has given; made with the server. */
function offsiteKey(layout: Layout): z.infer<typeof keySchema> {
  return keySchema.parse(JSON.parse(readFileSync(layout.offsiteKeyFile, "utf8")));
}

/** File with the server's settings, in the form of a shell's assignments. */
const SETTINGS = "settings";

async function prepare({ layout, folder }: ServicePlace): Promise<void> {
  mkdirSync(join(folder, "data"), { recursive: true });
  if (!existsSync(layout.offsiteKeyFile)) {
    const key = { accessKey: "offsite", secretKey: randomBytes(30).toString("base64url") };
    writeFileSync(layout.offsiteKeyFile, `${JSON.stringify(key)}\n`, { mode: 0o600 });
  }
  const { accessKey, secretKey } = offsiteKey(layout);
  const settings = [`MINIO_ROOT_USER=${accessKey}`, `MINIO_ROOT_PASSWORD=${secretKey}`, ""];
  writeFileSync(join(folder, SETTINGS), settings.join("\n"), { mode: 0o600 });
  await placeCertificate(join(layout.server, "certificates"), join(folder, "certificates"));
}

async function placeCertificate(ofSite: string, folder: string): Promise<void> {
  await ensureCertificates(ofSite, [{ node: offsite.name, names: [ADDRESS] }]);
  const { certificate, key } = certificateFiles(ofSite, offsite.name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(certificate, join(folder, "public.crt"));
  copyFileSync(key, join(folder, "private.key"));
}

/** Asks it from within the site's network, and makes its bucket when it answers for the first time. */
async function ready({ layout, projectFolder }: ServicePlace): Promise<void> {
  const [program = "", ...words] = [
    ...inNetwork(siteNames(layout.server)),
    ...typeScript(projectFolder, "test/sandbox/services/prepare-bucket.ts"),
    "--endpoint",
    offsite.url,
    "--ca",
    layout.ca,
    "--key",
    layout.offsiteKeyFile,
    "--bucket",
    OFFSITE_BUCKET,
  ];
  await run(program, words);
}
