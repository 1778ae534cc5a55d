import type { KeyPair, OffsiteKind, OffsiteSettings } from "../../site/settings/environment";

/** As rclone calls them. */
const providers: Readonly<Record<OffsiteKind, string>> = { aws: "AWS", ovh: "Other", minio: "Minio" };

/** rclone's own settings, with the remote `offsite`: the one file with a secret. */
export function rcloneConfiguration({
  offsite,
  writer,
}: {
  readonly offsite: Pick<OffsiteSettings, "kind" | "endpoint" | "region">;
  readonly writer: KeyPair;
}): string {
  const { kind, endpoint, region } = offsite;
  const lines = {
    type: "s3",
    provider: providers[kind],
    endpoint,
    region,
    access_key_id: writer.accessKey,
    secret_access_key: writer.secretKey,
    force_path_style: kind === "aws" ? "false" : "true",
    // The key is allowed to make none.
    no_check_bucket: "true",
  };
  return `[offsite]\n${Object.entries(lines)
    .map(([name, value]) => `${name} = ${value}`)
    .join("\n")}\n`;
}
