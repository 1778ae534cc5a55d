import { createHash } from "node:crypto";

/** How an image is run unless somebody says otherwise: names as in the published image format (OCI image configuration). */
export interface ImageSettings {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Volumes: Readonly<Record<string, object>>;
}

/** The layer of an image: a tar file. */
export interface Layer {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:…` */
  readonly digest: string;
}

/** What a registry is given of an image, besides its layer. */
export interface ImageDocuments {
  readonly configuration: string;
  readonly manifest: string;
  /** What the image is pulled by. */
  readonly digest: string;
}

/** An image that a registry is given. */
export interface FilledImage {
  /** Name on the registry. */
  readonly repository: string;
  readonly layer: Layer;
  readonly documents: ImageDocuments;
}

/** Media type of a manifest, as it is sent to a registry. */
export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/**
 * The documents of an image of one layer (OCI image format 1.0). The layer is not compressed: then its digest is also that of
 * its files, and both ends are spared the work.
 */
export function imageDocuments(settings: ImageSettings, layer: Layer): ImageDocuments {
  const configuration = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: "linux",
    config: settings,
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      size: Buffer.byteLength(configuration),
      digest: digestOf(configuration),
    },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", size: layer.size, digest: layer.digest }],
  });
  return { configuration, manifest, digest: digestOf(manifest) };
}

/** Go's names of processors, which images use. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** What registries call a document by. */
function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
