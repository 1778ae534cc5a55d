import * as pulumi from "@pulumi/pulumi";
import type { DataPlace } from "../components/data/data-backup";
import { PostgresBackup } from "../components/data/postgres-backup";
import { refusal } from "../components/refusal";
import { HostKey } from "../components/state-store/host-key";
import { dataResource } from "../site/data/resource-names";
import type { DataSource, DataSourceSecrets, Environment, Guest, OwnedGuest } from "../site/settings/environment";
import { guestLogin } from "./guest-login";
import type { HostKeySource } from "./host-key";
import type { NodeEntrances } from "./node-entrances";
import type { DeclareData, DeclaredGuest } from "./program";
import { requireAgent } from "./ssh-agent";

/** A source, the guest that it is in, and what its settings do not say. */
interface Planned {
  readonly guest: Guest;
  readonly source: DataSource;
  readonly secrets: DataSourceSecrets;
}

/**
 * Reads everything that the sources of data in guests need, before anything is registered.
 *
 * @param hostKeyOf the key by which a guest is known
 * @param nodes how to get into guests by their nodes; asked for those only that need it
 * @throws pulumi.RunError with what is missing
 */
export async function prepareData(
  environment: Environment,
  hostKeyOf: HostKeySource,
  nodes: NodeEntrances,
): Promise<DeclareData> {
  const planned = environment.guests.flatMap((guest) =>
    guest.data.map((source): Planned => ({ guest, source, secrets: secretsOf(environment, guest, source) })),
  );
  const isLoggedIn = planned.some(({ source }) => source.by === "ssh");
  const login = isLoggedIn ? guestLogin(environment) : undefined;
  if (isLoggedIn) await requireAgent(environment.name);
  const onNodes = planned.filter(({ source }) => source.by === "node").map(({ guest }) => guest.node);
  const entrances = new Map(
    await Promise.all([...new Set(onNodes)].map(async (node) => [node, await nodes(node)] as const)),
  );
  return (declared) => {
    const places = new Map<string, DataPlace>();
    const placeOf = (guest: Guest, { by }: DataSource): DataPlace => {
      const found = declared.get(guest.name);
      if (by === "node") {
        const node = entrances.get(guest.node);
        if (node === undefined) throw new Error(`${guest.node} was not asked for`);
        return { ...node.place, entrance: node.into(guest), incarnation: found?.macAddress };
      }
      const isKnown = guest.kind !== "adopted" && found !== undefined && login !== undefined;
      if (!isKnown) throw new Error(`${guest.name} has no address`);
      return overSsh(guest, found, login, hostKeyOf);
    };
    const schedules = planned.map(({ guest, source, secrets }) => {
      const key = `${guest.name} ${source.by}`;
      const place = places.get(key) ?? placeOf(guest, source);
      places.set(key, place);
      const name = dataResource(guest.name, source.name);
      return [name, declareSource(name, source, secrets, place)] as const;
    });
    return { dataSchedules: pulumi.output(Object.fromEntries(schedules)) };
  };
}

function overSsh(
  guest: OwnedGuest,
  { macAddress }: DeclaredGuest,
  login: ReturnType<typeof guestLogin>,
  hostKeyOf: HostKeySource,
): DataPlace {
  const { address } = guest.network;
  if (address.kind !== "static") throw new Error(`${guest.name} has no fixed address`);
  const name = `data-${guest.name}`;
  const { key } = new HostKey(name, { macAddress, key: hostKeyOf(guest, name, macAddress) });
  return { address: address.ip, login: { ...login, hostKey: key }, entrance: { kind: "ssh", user: login.user } };
}

/** @returns when it is dumped */
function declareSource(
  name: string,
  source: DataSource,
  secrets: DataSourceSecrets,
  place: DataPlace,
): pulumi.Output<string> {
  switch (source.kind) {
    case "postgres":
      return new PostgresBackup(name, { source, secrets, place }).schedule;
    case "mariadb":
    case "files":
    case "command":
      throw refusal(`Unable to declare ${name}: kind ${source.kind} is not made by this version`);
  }
}

/** Kinds whose dumps are made by a user of the database. */
const withPassword: ReadonlySet<string> = new Set(["postgres", "mariadb"]);

function secretsOf({ name, dataSecrets }: Environment, guest: Guest, source: DataSource): DataSourceSecrets {
  const secrets = dataSecrets[guest.name]?.[source.name] ?? {};
  if (secrets.password !== undefined || !withPassword.has(source.kind)) return secrets;
  throw refusal(
    `Unable to declare the data of ${guest.name}: lifeboat:dataSecrets has no password for ${source.name}` +
      `\nHINT: lifeboat up ${name}`,
  );
}
