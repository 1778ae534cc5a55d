import { resolve } from "node:path";
import { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import { OffsiteBucket } from "../components/offsite/offsite-bucket";
import { offsiteKeysSetting } from "../site/offsite/keys";
import { offsiteName } from "../site/offsite/resource-names";
import { offsiteService } from "../site/state/own-offsite";
import type { Environment, KeyPair, OffsiteSettings } from "../site/settings/environment";
import { offsiteAuthority, requireOffsiteKeys } from "./offsite-keys";
import type { StackOutputs } from "./program";
import { existingBuckets } from "./state-store-probe";

/**
 * Looks at everything that the bucket elsewhere needs, before anything is registered.
 *
 * @returns what declares it
 * @throws pulumi.RunError where its keys are missing: a copy that somebody relies on is never silently none (J2)
 */
export async function prepareOffsite(environment: Environment): Promise<() => StackOutputs> {
  const { name, offsite } = environment;
  if (offsite === undefined) throw new Error(`${name} declares nothing offsite`);
  const { admin } = requireOffsiteKeys(environment, offsite);
  const authority = offsiteAuthority(offsite);
  // What was adopted is never asked: whoever made it answers for it.
  if (offsite.adopt || admin === undefined) return () => ({ offsiteBucket: pulumi.output(offsite.bucket) });
  const exists = await isThere(name, offsite, admin, authority);
  return () => {
    const provider = new Provider(offsiteName, providerInputs(offsite, admin));
    return { offsiteBucket: new OffsiteBucket(offsiteName, { offsite, exists }, { provider }).bucket };
  };
}

/** A service that is down stops nothing: a site is rebuilt without it, and what the state has already is not asked for. */
async function isThere(
  environment: string,
  { endpoint, region, bucket }: OffsiteSettings,
  key: KeyPair,
  authority: string | undefined,
): Promise<boolean> {
  const keyName = `admin of lifeboat:${offsiteKeysSetting}`;
  const found = await existingBuckets({ endpoint, region, key, authority, keyName }, [bucket]);
  if (found.kind === "answered") return found.existing.has(bucket);
  await pulumi.log.warn(
    `The offsite service at ${endpoint} does not answer: ${found.reason}. Its bucket cannot be changed until it does` +
      `\nHINT: lifeboat status ${environment}`,
  );
  return false;
}

/** Only AWS has the services around S3 that the provider would ask first. */
function providerInputs(offsite: OffsiteSettings, { accessKey, secretKey }: KeyPair) {
  const { kind, ca } = offsite;
  const elsewhere = {
    s3UsePathStyle: true,
    skipCredentialsValidation: true,
    skipRegionValidation: true,
    skipRequestingAccountId: true,
  };
  return {
    ...offsiteService(offsite),
    accessKey: pulumi.secret(accessKey),
    secretKey: pulumi.secret(secretKey),
    // Else it would ask an address of the cloud for a machine's own key.
    skipMetadataApiCheck: true,
    ...(ca === undefined ? {} : { customCaBundle: resolve(pulumi.getRootDirectory(), ca) }),
    ...(kind === "aws" ? {} : elsewhere),
  };
}
