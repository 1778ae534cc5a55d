import { join } from "node:path";
import { S3Server } from "../support/s3-server";
import { Plugin } from "./plugin";

const key = { user: "trial", password: "not-a-real-key" };

/** A bucket on an S3 server of the tests. */
export async function tryMinio(program: string, folder: string): Promise<void> {
  const server = await S3Server.start(join(folder, "s3"), { [key.user]: ["*"] });
  try {
    const settings = {
      minioServer: new URL(server.endpoint).host,
      minioUser: key.user,
      minioPassword: key.password,
      minioRegion: "us-east-1",
      minioSsl: "true",
    };
    await Plugin.use(program, "minio", settings, { SSL_CERT_FILE: server.ca }, (plugin) =>
      plugin.makeAndDelete({
        type: "minio:index/s3Bucket:S3Bucket",
        name: "bucket",
        inputs: { bucket: "trial", acl: "private" },
      }),
    );
  } finally {
    await server.close();
  }
}
