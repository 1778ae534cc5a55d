import { Readable, Transform } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";

/** An answer that has begun and does not end. The name is one by which the client knows what may pass: it asks again. */
class UnfinishedAnswer extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Has an answer end that stops in the middle: the client itself waits without end for the rest of one that has begun.
 *
 * @param patience milliseconds without a byte
 */
export function limitSilence(client: S3Client, patience: number): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (hasBody(response)) response.body = watched(response.body, patience);
      return result;
    },
    // Nearest to the connection: whoever reads the body gets it from here.
    { step: "deserialize", priority: "low", name: "limitSilence" },
  );
}

function hasBody(response: unknown): response is { body: Readable } {
  return typeof response === "object" && response !== null && "body" in response && response.body instanceof Readable;
}

function watched(body: Readable, patience: number): Readable {
  const text = "its answer stops in the middle, and nothing more comes";
  const timer = setTimeout(() => body.destroy(new UnfinishedAnswer(text)), patience);
  const through = new Transform({
    transform(chunk, _encoding, done) {
      timer.refresh();
      done(null, chunk);
    },
  });
  body.once("error", (error) => {
    through.destroy(
      error instanceof UnfinishedAnswer ? error : new UnfinishedAnswer("its answer breaks off", { cause: error }),
    );
  });
  through.once("close", () => {
    clearTimeout(timer);
    // Whoever does not want the rest ends the connection.
    if (!body.readableEnded) body.destroy();
  });
  return body.pipe(through);
}
