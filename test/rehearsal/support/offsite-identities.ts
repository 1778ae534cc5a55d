/**
 * In the network of a site: makes a bucket with a lock at its S3 service, one for WAL beside it (`BUCKET-wal`), and the keys that a guest
 * and a restore have:
 *
 *     offsite-identities ENDPOINT CA-FILE ROOT-KEY-FILE BUCKET KEYS-FILE
 *
 * The file with keys has `{ "writer": { "accessKey": …, "secretKey": … }, "reader": …, "wal": … }`.
 */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import * as z from "zod";
import { offsiteReaderPolicy, writerPolicy } from "../../../site/offsite/policies";
import { identityPolicy } from "../../../site/state-store/policies";
import { makeIdentity } from "./minio-admin";
import { trustAuthority } from "./signed-requests";

const pair = z.object({ accessKey: z.string(), secretKey: z.string() });

async function main([endpoint = "", ca = "", rootFile = "", bucket = "", keysFile = ""]: string[]): Promise<void> {
  const root = pair.parse(JSON.parse(readFileSync(rootFile, "utf8")));
  const keys = z.object({ writer: pair, reader: pair, wal: pair });
  const { writer, reader, wal } = keys.parse(JSON.parse(readFileSync(keysFile, "utf8")));
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
  const forWal = `${bucket}-wal`;
  await client.send(new CreateBucketCommand({ Bucket: forWal }));
  const versions = { Status: "Enabled" } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket: forWal, VersioningConfiguration: versions }));
  client.destroy();
  await makeIdentity(endpoint, root, writer, writerPolicy(bucket, "minio"));
  await makeIdentity(endpoint, root, reader, offsiteReaderPolicy(bucket, "minio"));
  await makeIdentity(endpoint, root, wal, identityPolicy(forWal));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
