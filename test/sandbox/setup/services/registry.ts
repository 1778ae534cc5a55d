import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import * as z from "zod";
import { run } from "../../machine/child-process";
import { inNetwork, siteNames } from "../../machine/names";
import { typeScript } from "../../machine/type-script";
import { certificateFiles, ensureCertificates, type KeyPairFiles } from "../../server/certificates";
import { type FilledImage, imageDocuments } from "../images/container-image";
import { grafanaImage, imageLayer, SITE_IMAGES } from "../images/site-images";
import type { Layout } from "../layout";
import { debianProgram } from "../programs";
import { findGrafana } from "./artifacts";
import { type Service, serviceFolder, type ServicePlace } from "./service";

const ADDRESS = "192.0.2.40";

/**
 * Where the registry answers, as it is written before an image's name. A guest's Docker trusts it by the site's CA in
 * `/etc/docker/certs.d/<this>/ca.crt`.
 */
export const REGISTRY = `${ADDRESS}:5000`;

/** The site's own registry of container images: Debian's, with TLS by the sandbox's CA and without users. */
export const registry: Service = {
  name: "registry",
  title: "image registry",
  address: ADDRESS,
  url: `https://${REGISTRY}`,
  prepare,
  command: ({ folder }) => ({ words: [join(folder, PROGRAM), "serve", join(folder, SETTINGS)] }),
  ready,
};

const PROGRAM = "docker-registry";
const SETTINGS = "config.yml";
const IMAGES = "images.json";

const digests = z.record(z.string(), z.string());

/** Digest of each image that the registry has, by its name there: `prom/prometheus` and others. */
export function registryImages(layout: Layout): z.infer<typeof digests> {
  return digests.parse(JSON.parse(readFileSync(join(serviceFolder(layout, "registry"), IMAGES), "utf8")));
}

/**
 * Obtains what the registry is made of: its program and its images.
 *
 * @param say receives a line before each part that takes time
 */
export async function obtainRegistry(projectFolder: string, say: (line: string) => void): Promise<FilledImage[]> {
  await debianProgram(PROGRAM, say);
  const grafana = findGrafana(projectFolder);
  const images: FilledImage[] = [];
  for (const image of [...SITE_IMAGES, ...(grafana === undefined ? [] : [grafanaImage(grafana)])]) {
    const layer = await imageLayer(image, say);
    images.push({ repository: image.repository, layer, documents: imageDocuments(image.settings, layer) });
  }
  return images;
}

async function prepare({ layout, folder }: ServicePlace): Promise<void> {
  const program = await debianProgram(PROGRAM, () => undefined);
  rmSync(join(folder, PROGRAM), { force: true });
  symlinkSync(program, join(folder, PROGRAM));
  const certificates = join(layout.server, "certificates");
  await ensureCertificates(certificates, [{ node: registry.name, names: [ADDRESS] }]);
  writeFileSync(join(folder, SETTINGS), stringify(settings(folder, certificateFiles(certificates, registry.name))));
}

/** As the registry's documentation has them. Debian's own settings ask for a password that nobody has. */
function settings(folder: string, { certificate, key }: KeyPairFiles): object {
  return {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: REGISTRY, tls: { certificate, key } },
  };
}

/** Asks it from within the site's network, and gives it its images: those that it has take no time. */
async function ready({ layout, projectFolder, folder }: ServicePlace): Promise<void> {
  const images = await obtainRegistry(projectFolder, () => undefined);
  const [program, ...words] = [
    ...inNetwork(siteNames(layout.server)),
    ...typeScript(projectFolder, "test/sandbox/services/fill-registry.ts"),
    "--endpoint",
    registry.url,
    "--ca",
    join(layout.server, "certificates", "ca.pem"),
  ];
  await run(program ?? "", words, { inputText: JSON.stringify(images) });
  const known = Object.fromEntries(images.map(({ repository, documents }) => [repository, documents.digest]));
  writeFileSync(join(folder, IMAGES), `${JSON.stringify(known)}\n`);
}
