/**
 * In the network of a site: makes a bucket with a lock at its S3 service, and the keys that a guest and a restore have:
 *
 *     offsite-identities ENDPOINT CA-FILE ROOT-KEY-FILE BUCKET KEYS-FILE
 *
 * The file with keys has `{ "writer": { "accessKey": …, "secretKey": … }, "reader": … }`.
 */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { CreateBucketCommand, PutObjectLockConfigurationCommand, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { offsiteReaderPolicy, writerPolicy } from "../../../site/offsite/policies";
import { makeIdentity } from "./minio-admin";
import { trustAuthority } from "./signed-requests";

const pair = z.object({ accessKey: z.string(), secretKey: z.string() });

async function main([endpoint = "", ca = "", rootFile = "", bucket = "", keysFile = ""]: string[]): Promise<void> {
  const root = pair.parse(JSON.parse(readFileSync(rootFile, "utf8")));
  const { writer, reader } = z.object({ writer: pair, reader: pair }).parse(JSON.parse(readFileSync(keysFile, "utf8")));
  const authority = readFileSync(ca, "utf8");
  trustAuthority(authority);
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: root.accessKey, secretAccessKey: root.secretKey },
    requestHandler: { httpsAgent: new Agent({ ca: authority }) },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  const rule = { DefaultRetention: { Mode: "COMPLIANCE", Days: 30 } } as const;
  const lock = { ObjectLockEnabled: "Enabled", Rule: rule } as const;
  await client.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration: lock }));
  client.destroy();
  await makeIdentity(endpoint, root, writer, writerPolicy(bucket, "minio"));
  await makeIdentity(endpoint, root, reader, offsiteReaderPolicy(bucket, "minio"));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
