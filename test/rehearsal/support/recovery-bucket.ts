/**
 * In the network of a site: makes a bucket for WAL and backups at its S3 service, and the key that a guest has for it:
 *
 *     recovery-bucket ENDPOINT CA-FILE ROOT-KEY-FILE BUCKET KEY-FILE
 */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { makeIdentity } from "./minio-admin";
import { trustAuthority } from "./signed-requests";

const pair = z.object({ accessKey: z.string(), secretKey: z.string() });

async function main([endpoint = "", ca = "", rootFile = "", bucket = "", keyFile = ""]: string[]): Promise<void> {
  const root = pair.parse(JSON.parse(readFileSync(rootFile, "utf8")));
  const key = pair.parse(JSON.parse(readFileSync(keyFile, "utf8")));
  const authority = readFileSync(ca, "utf8");
  trustAuthority(authority);
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: root.accessKey, secretAccessKey: root.secretKey },
    requestHandler: { httpsAgent: new Agent({ ca: authority }) },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  // As docs/guides/point-in-time.md says what the key may.
  await makeIdentity(endpoint, root, key, {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:ListBucket"], Resource: [`arn:aws:s3:::${bucket}`] },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        Resource: [`arn:aws:s3:::${bucket}/*`],
      },
    ],
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
