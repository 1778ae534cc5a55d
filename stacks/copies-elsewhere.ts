import { StoreError } from "../scripts/clients/object-store/object-store";
import { copiedArchives } from "../site/offsite/copied-archives";
import { missingOffsiteKeys } from "../site/offsite/keys";
import { archivesOfEnvironment } from "../site/offsite/places";
import type { CopiesOfGuest, GuestFacts } from "../site/preflight/facts";
import type { Environment, OffsiteKeys, OffsiteSettings } from "../site/settings/environment";
import { mapLimited } from "../site/map-limited";
import { offsiteAuthority } from "./offsite-keys";
import { existingBuckets } from "./state-store-probe";

/** A program must not hang over a service that is down. Milliseconds. */
const patience = { connectTimeout: 3_000, requestTimeout: 10_000, attempts: 2 };

/**
 * The same guests, with the copies of archives that the bucket elsewhere has of those that are not there. Whether `offsite` of the
 * guest is still in the settings says nothing of what lies there.
 *
 * @param timeZone of the node that made the archives
 * @throws pulumi.RunError where the CA of the service cannot be read
 */
export async function withCopies(
  environment: Environment,
  guests: readonly GuestFacts[],
  timeZone: string,
): Promise<readonly GuestFacts[]> {
  const { offsite } = environment;
  if (offsite === undefined || !guests.some(isWanted)) return guests;
  const copiesOf = await openCopies(environment, offsite, timeZone);
  return mapLimited(guests, async (facts) =>
    isWanted(facts) ? { ...facts, copies: await copiesOf(facts.guest.name) } : facts,
  );
}

/** What the storages have is restored from there. */
function isWanted({ guest, occupant, archives }: GuestFacts): boolean {
  const isHere = archives?.kind === "known" && archives.count > 0;
  return occupant.kind === "nobody" && !guest.fresh && !isHere;
}

async function openCopies(
  { name, offsiteKeys: keys }: Environment,
  offsite: OffsiteSettings,
  timeZone: string,
): Promise<(guest: string) => Promise<CopiesOfGuest>> {
  const { bucket, endpoint, region } = offsite;
  const ca = offsiteAuthority(offsite);
  if (keys === undefined) {
    const reason = missingOffsiteKeys(offsite, keys) ?? "it has no keys";
    return () => Promise.resolve({ kind: "unknown", reason });
  }
  // Large, and only a guest that is not there needs it.
  const { S3Versions } = await import("../scripts/clients/object-store/s3-versions.js");
  const credentials = keys.reader;
  const trust = ca === undefined ? {} : { ca };
  const store = new S3Versions({ bucket, endpoint, region, credentials, ...trust, ...patience });
  return async (guest) => {
    const folder = `${archivesOfEnvironment(name)}/${guest}`;
    try {
      const found = copiedArchives(folder, await store.versions(`${folder}/`), timeZone);
      return { kind: "known", count: found.length, newest: found[0]?.name };
    } catch (error) {
      if (await isNotMade(offsite, keys, ca, error)) return { kind: "known", count: 0 };
      return { kind: "unknown", reason: reasonOf(error) };
    }
  };
}

/** Before the first update there is no bucket, and some services have no key for it yet: who makes it is asked. */
async function isNotMade(
  { endpoint, region, bucket }: OffsiteSettings,
  { admin }: OffsiteKeys,
  authority: string | undefined,
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof StoreError)) return false;
  if (error.kind === "no-bucket") return true;
  if (error.kind !== "denied" || admin === undefined) return false;
  const asked = await existingBuckets({ endpoint, region, key: admin, authority }, [bucket]);
  return asked.kind === "answered" && !asked.existing.has(bucket);
}

/** @throws what is a defect of ours */
function reasonOf(error: unknown): string {
  if (error instanceof StoreError) return error.message;
  throw error;
}
