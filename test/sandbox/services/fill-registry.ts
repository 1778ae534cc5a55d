/**
 * Waits until a registry of images answers, and gives it those that it does not have:
 *
 *     node scripts/run.cjs test/sandbox/services/fill-registry.ts --endpoint URL --ca FILE < IMAGES
 *
 * IMAGES is JSON: a list of `FilledImage`. By the registry's published API (OCI Distribution 1.0): blobs first, then the
 * manifest that names them, which the registry checks.
 */
import { createReadStream, readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { Agent, request } from "undici";
import * as z from "zod";
import { MANIFEST_TYPE } from "../setup/images/container-image";

const images = z.array(
  z.object({
    repository: z.string(),
    layer: z.object({ file: z.string(), size: z.number(), digest: z.string() }),
    documents: z.object({ configuration: z.string(), manifest: z.string(), digest: z.string() }),
  }),
);

const manifest = z.object({ config: z.object({ digest: z.string() }) });

/** Milliseconds in which a server on a busy machine has begun to answer. */
const START_LIMIT = 30_000;

async function main(): Promise<void> {
  const option = { type: "string", default: "" } as const;
  const { values } = parseArgs({ options: { endpoint: option, ca: option } });
  const wanted = images.parse(JSON.parse(await text(process.stdin)));
  const dispatcher = new Agent({ connect: { ca: readFileSync(values.ca) } });
  const registry = new Registry(values.endpoint, dispatcher);
  await registry.answers();
  for (const image of wanted) await registry.fill(image);
  await dispatcher.close();
}

interface Content {
  readonly size: number;
  readonly open: () => string | Readable;
}

/** A registry, spoken to as `docker push` does. */
class Registry {
  constructor(
    private readonly endpoint: string,
    private readonly dispatcher: Agent,
  ) {}

  async answers(): Promise<void> {
    for (let waited = 0; ; waited += 100) {
      try {
        return void (await this.expect(200, "GET", "/v2/"));
      } catch (failure) {
        if (waited >= START_LIMIT) throw failure;
        await sleep(100);
      }
    }
  }

  async fill({ repository, layer, documents }: z.infer<typeof images>[number]): Promise<void> {
    const { configuration, digest } = documents;
    const text = { size: Buffer.byteLength(configuration), open: () => configuration };
    await this.upload(repository, layer.digest, { size: layer.size, open: () => createReadStream(layer.file) });
    await this.upload(repository, manifest.parse(JSON.parse(documents.manifest)).config.digest, text);
    const content = { size: Buffer.byteLength(documents.manifest), open: () => documents.manifest };
    await this.expect(201, "PUT", `/v2/${repository}/manifests/${digest}`, content, MANIFEST_TYPE);
  }

  /** One blob, whole. The registry computes its digest, and refuses another than the named one. */
  private async upload(repository: string, digest: string, content: Content): Promise<void> {
    const found = await this.send("HEAD", `/v2/${repository}/blobs/${digest}`);
    if (found.statusCode === 200) return;
    const begun = await this.expect(202, "POST", `/v2/${repository}/blobs/uploads/`);
    const place = new URL(String(begun.headers["location"]), this.endpoint);
    place.searchParams.set("digest", digest);
    await this.expect(201, "PUT", place.href, content, "application/octet-stream");
  }

  private async expect(status: number, ...words: Parameters<Registry["send"]>): Promise<Answer> {
    const answer = await this.send(...words);
    if (answer.statusCode === status) return answer;
    throw new Error(`${words[0]} ${words[1]}: ${answer.statusCode} ${answer.body.trim()}`);
  }

  private async send(method: Method, place: string, content?: Content, type?: string): Promise<Answer> {
    const { statusCode, headers, body } = await request(new URL(place, this.endpoint), {
      method,
      dispatcher: this.dispatcher,
      ...(content === undefined ? {} : { body: content.open() }),
      headers: content === undefined ? {} : { "content-length": String(content.size), "content-type": type ?? "" },
    });
    return { statusCode, headers, body: await body.text() };
  }
}

type Method = "GET" | "HEAD" | "POST" | "PUT";

interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

main().catch((failure: unknown) => {
  console.error(failure instanceof Error ? failure.message : failure);
  process.exitCode = 1;
});
