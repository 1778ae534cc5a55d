import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import type { Environment, Guest, PostgresSource, PointInTimeStore } from "../site/settings/environment";
import { type OwnStore, ownStoreIn, recoveryPlace } from "../site/state-store/own-store";
import { configurationsIn } from "./neighbours";
import { readNamedFile } from "./read-named-file";

/** Where a source's WAL goes, and who vouches for that service (PEM; undefined: those of the guest). */
export interface RecoveryTarget {
  readonly store: PointInTimeStore;
  readonly authority: string | undefined;
}

/** @throws pulumi.RunError where the settings name no store and the site has none of its own, or its CA cannot be read */
export function recoveryTarget({ name }: Environment, guest: Guest, source: PostgresSource): RecoveryTarget {
  const store = source.pointInTime?.store;
  if (store === undefined) {
    const own = ownStore(`${source.name} of ${guest.name}`);
    return { store: recoveryPlace(own, name, guest.name), authority: own.authority };
  }
  const { ca } = store;
  return {
    store,
    authority: ca === undefined ? undefined : readNamedFile(ca, `the CA of pointInTime.store.ca of ${source.name}`),
  };
}

function ownStore(source: string): OwnStore & { readonly authority: string } {
  const found = ownStoreIn(configurationsIn(pulumi.getRootDirectory()));
  const { authority } = found ?? {};
  if (found !== undefined && authority !== undefined) return { ...found, authority };
  const [cause, hint] =
    found === undefined
      ? ["no environment makes a state store in a container", "name a bucket: pointInTime.store"]
      : ["the site's state store has no authority yet", "lifeboat up"];
  throw refusal(`Unable to declare pointInTime of ${source}: it names no store, and ${cause}\nHINT: ${hint}`);
}
