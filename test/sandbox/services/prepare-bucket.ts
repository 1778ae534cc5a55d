/**
 * Waits until an S3 server answers, and makes a versioned bucket there unless there is one:
 *
 *     node scripts/run.cjs test/sandbox/services/prepare-bucket.ts --endpoint URL --ca FILE --key FILE --bucket NAME
 *
 * The key is a file with `{ "accessKey": …, "secretKey": … }`.
 */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import * as z from "zod";

const keyFile = z.object({ accessKey: z.string(), secretKey: z.string() });

/** Milliseconds in which a server on a busy machine has begun to answer. */
const START_LIMIT = 30_000;

async function main(): Promise<void> {
  const option = { type: "string", default: "" } as const;
  const { values } = parseArgs({ options: { endpoint: option, ca: option, key: option, bucket: option } });
  const { accessKey, secretKey } = keyFile.parse(JSON.parse(readFileSync(values.key, "utf8")));
  const client = new S3Client({
    endpoint: values.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    requestHandler: { httpsAgent: new Agent({ ca: readFileSync(values.ca) }), connectionTimeout: 2000 },
    maxAttempts: 1,
  });
  await answers(client);
  await client.send(new CreateBucketCommand({ Bucket: values.bucket })).catch((failure: unknown) => {
    if (!(failure instanceof BucketAlreadyOwnedByYou)) throw failure;
  });
  await client.send(
    new PutBucketVersioningCommand({ Bucket: values.bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
}

async function answers(client: S3Client): Promise<void> {
  for (let waited = 0; ; waited += 100) {
    try {
      return void (await client.send(new ListBucketsCommand({})));
    } catch (failure) {
      if (waited >= START_LIMIT) throw failure;
      await sleep(100);
    }
  }
}

main().catch((failure: unknown) => {
  console.error(failure instanceof Error ? failure.message : failure);
  process.exitCode = 1;
});
