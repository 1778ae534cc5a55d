/** What a node fetches from elsewhere (PVE::API2::Nodes, query_url_metadata; PVE::API2::Storage::Status, download_url). */
import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { exists } from "../machine/files";
import { activateStorage, contentFolder, holds } from "../guests/storages";
import type { Call, Endpoint, PermissionCheck } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import { FLAG, NODE, STORAGE_ID, TEXT } from "./tables";

const URL_PATTERN = { type: "string", pattern: "https?://.*" } as const;

const mayAccessNetwork: PermissionCheck = {
  or: [
    { path: "/", privileges: ["Sys.Audit", "Sys.Modify"] },
    { path: "/nodes/{node}", privileges: ["Sys.AccessNetwork"] },
  ],
};

interface Fetched {
  contentType: string;
  content: Buffer;
}

/** A start-up state may say what a URL answers; any other is fetched from this machine. */
async function fetchUrl({ cluster }: Call, url: string): Promise<Fetched> {
  const known = cluster.state.urls.find((entry) => entry.url === url);
  if (known !== undefined) return { contentType: known.contentType, content: Buffer.from(known.text) };
  if (cluster.state.urls.length > 0) throw death("invalid server response: '404 Not Found'");
  const response = await fetch(url).catch((failure: unknown) => {
    throw death(`invalid server response: '500 ${failure instanceof Error ? failure.message : String(failure)}'`);
  });
  if (!response.ok) throw death(`invalid server response: '${String(response.status)} ${response.statusText}'`);
  const contentType = response.headers.get("content-type") ?? "application/octet-stream";
  return { contentType, content: Buffer.from(await response.arrayBuffer()) };
}

async function metadata(call: Call): Promise<Json> {
  const url = call.parameters.required("url");
  const { content, contentType } = await fetchUrl(call, url);
  return {
    filename: decodeURIComponent(new URL(url).pathname.split("/").pop() ?? ""),
    size: content.length,
    mimetype: contentType.split(";")[0] ?? "",
  };
}

const CONTENTS = ["iso", "vztmpl", "import"] as const;

async function download(call: Call): Promise<string> {
  const { node, parameters } = call;
  const storage = await activateStorage(node, parameters.required("storage"));
  const content = CONTENTS.find((kind) => kind === parameters.required("content")) ?? "iso";
  if (!holds(storage, content)) {
    throw death(`storage '${storage.storage}' is not configured for content-type '${content}'`);
  }
  const fileName = parameters.required("filename").replace(/[^A-Za-z0-9._-]/gu, "_");
  if (!extensions[content].test(fileName)) {
    throw parameterFailure({ filename: "wrong file extension" });
  }
  const path = `${contentFolder(storage, content)}/${fileName}`;
  const url = parameters.required("url");
  return node.tasks.start("download", fileName, call.caller.name, async ({ log }) => {
    log(`downloading ${url} to ${path}`);
    if (await exists(node.path(path))) throw death(`refusing to override existing file '${path}'`);
    const { content: bytes } = await fetchUrl(call, url);
    checkSum(call, bytes);
    await mkdir(dirname(node.path(path)), { recursive: true });
    // A download that was cut off must not look like a whole file.
    await writeFile(`${node.path(path)}.tmp`, bytes);
    await rename(`${node.path(path)}.tmp`, node.path(path));
    log(`download of '${url}' to '${path}' finished`);
  });
}

const extensions = {
  iso: /\.(?:iso|img)$/iu,
  vztmpl: /\.tar\.(?:gz|xz|zst|bz2)$/u,
  import: /\.(?:ova|qcow2|raw|vmdk)$/u,
} as const;

function checkSum({ parameters }: Call, bytes: Buffer): void {
  const [algorithm, wanted] = [parameters.text("checksum-algorithm"), parameters.text("checksum")];
  if (algorithm === undefined || wanted === undefined) return;
  const found = createHash(algorithm).update(bytes).digest("hex");
  if (found !== wanted.toLowerCase()) throw death(`checksum mismatch: got '${found}' != expect '${wanted}'`);
}

export const downloadEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/nodes/{node}/query-url-metadata",
    parameters: { node: NODE, url: URL_PATTERN, "verify-certificates": FLAG },
    permissions: { check: mayAccessNetwork },
    handler: metadata,
  },
  {
    method: "POST",
    path: "/nodes/{node}/storage/{storage}/download-url",
    parameters: {
      node: NODE,
      storage: STORAGE_ID,
      url: URL_PATTERN,
      content: { type: "string", format: "pve-storage-content", enum: CONTENTS },
      filename: { type: "string", maxLength: 255 },
      checksum: { ...TEXT, requires: "checksum-algorithm" },
      "checksum-algorithm": {
        type: "string",
        enum: ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"],
        requires: "checksum",
        optional: true,
      },
      compression: TEXT,
      "verify-certificates": FLAG,
    },
    permissions: {
      check: { and: [{ path: "/storage/{storage}", privileges: ["Datastore.AllocateTemplate"] }, mayAccessNetwork] },
    },
    handler: download,
  },
];
