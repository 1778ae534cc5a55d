import { pulumiLine } from "../site/plain-pulumi";
import * as pulumi from "@pulumi/pulumi";
import { CommandBackup } from "../components/data/command-backup";
import type { DataSourceArgs } from "../components/data/data-args";
import { FilesBackup } from "../components/data/files-backup";
import { MariaDbBackup } from "../components/data/mariadb-backup";
import { PostgresBackup } from "../components/data/postgres-backup";
import { refusal } from "../components/refusal";
import { HostKey } from "../components/state-store/host-key";
import { commandArguments, filesArguments, mariadbArguments, postgresArguments } from "../site/arguments/data";
import { lacksPassword } from "../site/data/data-secrets";
import { dataResource } from "../site/data/resource-names";
import type {
  DataSource,
  DataSourceSecrets,
  Environment,
  Guest,
  OwnedGuest,
  PointInTimeKeysGiven,
  PostgresSource,
} from "../site/settings/environment";
import type { DataPlace } from "./data-place";
import { guestLogin } from "./guest-login";
import type { HostKeySource } from "./host-key";
import { copiesOfDumps } from "./offsite-keys";
import type { NodeEntrances } from "./node-entrances";
import type { DeclareData, DeclaredGuest } from "./program";
import { recoveryTarget } from "./recovery-store";
import { requireAgent } from "./ssh-agent";

/** A source, the guest that it is in, and what its settings do not say. */
interface Planned {
  readonly guest: Guest;
  readonly source: DataSource;
  readonly secrets: DataSourceSecrets;
}

interface Ways {
  /** The key by which a guest is known. */
  readonly hostKeyOf: HostKeySource;
  /** How to get into guests by their nodes; asked for those only that need it. */
  readonly nodes: NodeEntrances;
  /** Addresses from which guests may be asked how their dumps are. */
  readonly watchers: readonly string[];
}

/**
 * Reads everything that the sources of data in guests need, before anything is registered.
 *
 * @throws pulumi.RunError with what is missing
 */
export async function prepareData(
  environment: Environment,
  { hostKeyOf, nodes, watchers }: Ways,
): Promise<DeclareData> {
  requirePasswords(environment);
  const planned = environment.guests.flatMap((guest) =>
    guest.data.map((source) => withSecrets(environment, guest, source)),
  );
  const elsewhere = copiesOfDumps(environment);
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
      const offsite = elsewhere?.(guest.name);
      const common = { ...placeArguments(place), watchers: [...watchers], offsite };
      return [name, declareSource(name, source, secrets, common)] as const;
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

/** How to get there, as the arguments of a source. */
function placeArguments({ address, port, login, entrance, incarnation }: DataPlace) {
  const guestId = entrance.kind === "node" ? entrance.id : undefined;
  const { user: sshUser, privateKey, hostKey } = login;
  return { address, sshPort: port, sshUser, privateKey, hostKey, guestId, incarnation };
}

/** @returns when it is dumped */
function declareSource(
  name: string,
  source: DataSource,
  { password = "", pointInTime }: DataSourceSecrets,
  common: DataSourceArgs,
): pulumi.Output<string> {
  switch (source.kind) {
    case "postgres":
      return new PostgresBackup(name, { ...common, ...postgresArguments(source, pointInTime), password }).schedule;
    case "mariadb":
      return new MariaDbBackup(name, { ...common, ...mariadbArguments(source), password }).schedule;
    case "files":
      return new FilesBackup(name, { ...common, ...filesArguments(source) }).schedule;
    case "command":
      return new CommandBackup(name, { ...common, ...commandArguments(source) }).schedule;
  }
}

/**
 * A source with all that it needs. An archive has a folder of its guest's own, where nobody names another.
 *
 * @throws pulumi.RunError where the archive has no key, or no place, or its CA cannot be read
 */
function withSecrets(environment: Environment, guest: Guest, source: DataSource): Planned {
  const secrets = environment.dataSecrets[guest.name]?.[source.name] ?? {};
  if (source.kind !== "postgres" || source.pointInTime === undefined) return { guest, source, secrets };
  const { store, authority } = recoveryTarget(environment, guest, source);
  const keys = archiveKeys(environment, guest, source, secrets);
  const folder = source.pointInTime.folder ?? `${environment.name}/${guest.name}`;
  return {
    guest,
    source: { ...source, pointInTime: { ...source.pointInTime, store, folder } },
    secrets: { ...secrets, pointInTime: { ...keys, authority } },
  };
}

function archiveKeys(
  { name }: Environment,
  guest: Guest,
  { name: source, pointInTime }: PostgresSource,
  { pointInTime: keys }: DataSourceSecrets,
): PointInTimeKeysGiven {
  if (keys !== undefined) return keys;
  const byHand = `${pulumiLine(name, "config set --secret lifeboat:dataSecrets")}, as docs/guides/point-in-time.md tells`;
  throw refusal(
    `Unable to declare pointInTime of ${source} of ${guest.name}: lifeboat:dataSecrets has no key and passphrase for it` +
      `\nHINT: ${pointInTime?.store === undefined ? `lifeboat up ${name}` : byHand}`,
  );
}

function requirePasswords(environment: Environment): void {
  const [lacking] = lacksPassword(environment, environment.dataSecrets);
  if (lacking === undefined) return;
  throw refusal(
    `Unable to declare the data of ${lacking.guest}: lifeboat:dataSecrets has no password for ${lacking.source}` +
      `\nHINT: lifeboat up ${environment.name}`,
  );
}
