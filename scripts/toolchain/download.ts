import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Dispatcher, fetch, type Response } from "undici";
import { verifiedDispatcher } from "../machine/verified-dispatcher";
import { messageOf } from "./errors";
import { formatMegabytes } from "./progress";

/** Why a download gave nothing. `unreachable`: the host did not answer, so asking it for more is pointless. */
export type DownloadFailure = "unreachable" | "not found" | "refused" | "cut off" | "wrong sum";

export class DownloadError extends Error {
  constructor(
    readonly failure: DownloadFailure,
    message: string,
  ) {
    super(message);
  }
}

export interface DownloadLimits {
  /** Time for the answer to begin. */
  readonly answerMilliseconds: number;
  /** Time without a single byte after which a transfer counts as cut off. */
  readonly stallMilliseconds: number;
}

const maximumTextBytes = 1_000_000;

/** A small text, such as a file of sums. */
export async function downloadText(address: string, limits: DownloadLimits): Promise<string> {
  let text = "";
  await download(address, limits, async (chunks) => {
    for await (const chunk of chunks) {
      text += Buffer.from(chunk).toString("utf8");
      if (text.length > maximumTextBytes) {
        throw new DownloadError("refused", `${address} is no list of sums: it is too long`);
      }
    }
  });
  return text;
}

/** Whether an address gives something, without taking it. @throws DownloadError when it does not. */
export function probe(address: string, limits: DownloadLimits): Promise<void> {
  return download(address, limits, async (chunks) => {
    const iterator = chunks[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
  });
}

/**
 * Writes what is at an address to a file, and leaves no file unless its SHA-256 is the expected one.
 *
 * @param onProgress told in words how much has arrived.
 * @throws DownloadError
 */
export async function downloadFile(
  address: string,
  file: string,
  expectedSha256: string,
  limits: DownloadLimits,
  onProgress: (text: string) => void,
): Promise<void> {
  try {
    const sum = await fetchFile(address, file, limits, onProgress);
    if (sum !== expectedSha256) {
      throw new DownloadError("wrong sum", `${address} has the SHA-256 ${sum}, and ${expectedSha256} is pinned`);
    }
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Writes what is at an address to a file, whatever it is. @returns its SHA-256. @throws DownloadError */
export async function fetchFile(
  address: string,
  file: string,
  limits: DownloadLimits,
  onProgress: (text: string) => void,
): Promise<string> {
  const hash = createHash("sha256");
  await download(address, limits, async (chunks, expectedBytes) => {
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        const total = expectedBytes === undefined ? "" : ` of ${formatMegabytes(expectedBytes)}`;
        onProgress(`${formatMegabytes(bytes)}${total}`);
        done(null, chunk);
      },
    });
    await pipeline(chunks, count, createWriteStream(file, { flags: "w" }));
  });
  return hash.digest("hex");
}

/**
 * The sum of a file in the text of a checksums file: lines "<sha256>  <name>" or "<sha256> *<name>".
 */
export function findSum(checksums: string, fileName: string): string | undefined {
  for (const line of checksums.split("\n")) {
    const [sum, name] = line.trim().split(/\s+\*?/);
    if (sum !== undefined && /^[0-9a-f]{64}$/i.test(sum) && name === fileName) {
      return sum.toLowerCase();
    }
  }
  return undefined;
}

async function download(
  address: string,
  limits: DownloadLimits,
  consume: (chunks: AsyncIterable<Uint8Array>, expectedBytes: number | undefined) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const dispatcher = verifiedDispatcher();
  try {
    const response = await answer(address, limits.answerMilliseconds, stop, dispatcher);
    if (!response.ok || !response.body) {
      const failure = response.status === 404 ? "not found" : "refused";
      throw new DownloadError(failure, `${address} was answered with ${response.status} ${response.statusText}`.trim());
    }
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    const chunks = untilStalled(Readable.fromWeb(response.body), limits.stallMilliseconds, stop);
    await consume(chunks, Number.isSafeInteger(length) ? length : undefined);
  } catch (error) {
    throw error instanceof DownloadError
      ? error
      : new DownloadError("cut off", `${address} broke off: ${messageOf(error)}`);
  } finally {
    stop.abort();
    await dispatcher.destroy();
  }
}

async function answer(
  address: string,
  milliseconds: number,
  stop: AbortController,
  dispatcher: Dispatcher,
): Promise<Response> {
  const timer = setTimeout(() => stop.abort(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
  try {
    return await fetch(address, { signal: stop.signal, dispatcher });
  } catch (error) {
    throw new DownloadError("unreachable", `${new URL(address).host} cannot be reached: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

async function* untilStalled(
  chunks: AsyncIterable<Uint8Array>,
  milliseconds: number,
  stop: AbortController,
): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => stop.abort(new Error(`nothing arrived for ${milliseconds / 1000} s`)), milliseconds);
  try {
    for await (const chunk of chunks) {
      timer.refresh();
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}
