/**
 * Requests to an S3 service, one after the other, whatever becomes of them:
 *
 *     s3-requests FILE
 *
 * The file holds `{ endpoint, ca, accessKey, secretKey, requests: [[NAME, INPUT], …] }`: it is a secret. Prints a list with
 * `ok` or the code of the error for each, and what was found.
 */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import * as z from "zod";

const bucket = z.object({ Bucket: z.string() });
const object = bucket.extend({ Key: z.string() });
const version = object.extend({ VersionId: z.string().optional() });

/** What can be asked, and what of the answer is told. */
const requests: Readonly<Record<string, (client: S3Client, input: unknown) => Promise<unknown>>> = {
  buckets: async (client) => (await client.send(new ListBucketsCommand())).Buckets?.map(({ Name }) => Name),
  list: async (client, input) =>
    (await client.send(new ListObjectsV2Command(bucket.parse(input)))).Contents?.map(({ Key }) => Key) ?? [],
  versions: async (client, input) =>
    (await client.send(new ListObjectVersionsCommand(bucket.parse(input)))).Versions?.map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    })) ?? [],
  get: async (client, input) =>
    (await client.send(new GetObjectCommand(version.parse(input)))).Body?.transformToString(),
  put: async (client, input) => {
    const { VersionId } = await client.send(new PutObjectCommand(object.extend({ Body: z.string() }).parse(input)));
    return VersionId;
  },
  delete: async (client, input) => {
    await client.send(new DeleteObjectCommand(version.parse(input)));
  },
  "delete-several": async (client, input) => {
    const { Bucket, ...one } = version.parse(input);
    const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [one] } }));
    return Errors?.map(({ Code }) => Code);
  },
  versioning: async (client, input) => (await client.send(new GetBucketVersioningCommand(bucket.parse(input)))).Status,
  lifecycle: async (client, input) =>
    (await client.send(new GetBucketLifecycleConfigurationCommand(bucket.parse(input)))).Rules,
  suspend: async (client, input) => {
    const VersioningConfiguration = { Status: "Suspended" as const };
    await client.send(new PutBucketVersioningCommand({ ...bucket.parse(input), VersioningConfiguration }));
  },
  expire: async (client, input) => {
    const Rules = [{ ID: "all", Status: "Enabled" as const, Filter: { Prefix: "" }, Expiration: { Days: 1 } }];
    const LifecycleConfiguration = { Rules };
    await client.send(new PutBucketLifecycleConfigurationCommand({ ...bucket.parse(input), LifecycleConfiguration }));
  },
  open: async (client, input) => {
    const { Bucket } = bucket.parse(input);
    const Resource = `arn:aws:s3:::${Bucket}/*`;
    const Statement = [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource }];
    await client.send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    );
  },
};

const fileSchema = z.object({
  endpoint: z.string(),
  ca: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
  requests: z.array(z.tuple([z.string(), z.unknown()])),
});

async function main(file: string): Promise<void> {
  const {
    endpoint,
    ca,
    accessKey,
    secretKey,
    requests: wanted,
  } = fileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { httpsAgent: new Agent({ ca }) },
  });
  const answers: unknown[] = [];
  for (const [name, input] of wanted) answers.push(await answerOf(client, name, input));
  process.stdout.write(`${JSON.stringify(answers)}\n`);
}

async function answerOf(client: S3Client, name: string, input: unknown): Promise<unknown> {
  const request = requests[name];
  if (request === undefined) throw new Error(`unknown request ${name}`);
  try {
    return { ok: (await request(client, input)) ?? null };
  } catch (error) {
    if (error instanceof S3ServiceException) return { error: error.name };
    throw error;
  }
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
