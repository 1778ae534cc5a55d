import { pulumiLine } from "../site/plain-pulumi";
import * as pulumi from "@pulumi/pulumi";
import { CommandBackup } from "../components/data/command-backup";
import type { DataBackupArgs, DataPlace } from "../components/data/data-backup";
import { FilesBackup } from "../components/data/files-backup";
import { MariaDbBackup } from "../components/data/mariadb-backup";
import { PostgresBackup } from "../components/data/postgres-backup";
import { refusal } from "../components/refusal";
import { HostKey } from "../components/state-store/host-key";
import { lacksPassword } from "../site/data/data-secrets";
import { dataResource } from "../site/data/resource-names";
import type { DataSource, DataSourceSecrets, Environment, Guest, OwnedGuest } from "../site/settings/environment";
import { guestLogin } from "./guest-login";
import type { HostKeySource } from "./host-key";
import { copiesOfDumps } from "./offsite-keys";
import type { NodeEntrances } from "./node-entrances";
import type { DeclareData, DeclaredGuest } from "./program";
import { readNamedFile } from "./read-named-file";
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
    guest.data.map((declared): Planned => {
      const source = withFolder(environment, guest, declared);
      return { guest, source, secrets: secretsOf(environment, guest, source) };
    }),
  );
  const elsewhere = copiesOfDumps(environment);
  const report = watchers.length === 0 ? undefined : { watchers };
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
      const copies = elsewhere && { ...elsewhere, guest: guest.name };
      return [name, declareSource(name, { source, secrets, place, copies, report })] as const;
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
  { source, ...args }: Omit<DataBackupArgs<DataSource>, "transform">,
): pulumi.Output<string> {
  switch (source.kind) {
    case "postgres":
      return new PostgresBackup(name, { ...args, source }).schedule;
    case "mariadb":
      return new MariaDbBackup(name, { ...args, source }).schedule;
    case "files":
      return new FilesBackup(name, { ...args, source }).schedule;
    case "command":
      return new CommandBackup(name, { ...args, source }).schedule;
  }
}

/** An archive has a folder of its guest's own. */
function withFolder({ name }: Environment, guest: Guest, source: DataSource): DataSource {
  if (source.kind !== "postgres" || source.pointInTime === undefined) return source;
  const { folder = `${name}/${guest.name}`, ...rest } = source.pointInTime;
  return { ...source, pointInTime: { ...rest, folder } };
}

/** @throws pulumi.RunError where the archive has no key or its CA cannot be read */
function withAuthority(
  { name }: Environment,
  guest: Guest,
  source: DataSource,
  secrets: DataSourceSecrets,
): DataSourceSecrets {
  if (source.kind !== "postgres" || source.pointInTime === undefined) return secrets;
  const { pointInTime: keys } = secrets;
  if (keys === undefined) {
    throw refusal(
      `Unable to declare pointInTime of ${source.name} of ${guest.name}: lifeboat:dataSecrets has no key and passphrase for it` +
        `\nHINT: ${pulumiLine(name, "config set --secret lifeboat:dataSecrets")}, as docs/guides/point-in-time.md tells`,
    );
  }
  const { ca } = source.pointInTime.store;
  if (ca === undefined) return secrets;
  const authority = readNamedFile(ca, `the CA of pointInTime.store.ca of ${source.name}`);
  return { ...secrets, pointInTime: { ...keys, authority } };
}

function secretsOf(environment: Environment, guest: Guest, source: DataSource): DataSourceSecrets {
  return withAuthority(environment, guest, source, environment.dataSecrets[guest.name]?.[source.name] ?? {});
}

function requirePasswords(environment: Environment): void {
  const [lacking] = lacksPassword(environment, environment.dataSecrets);
  if (lacking === undefined) return;
  throw refusal(
    `Unable to declare the data of ${lacking.guest}: lifeboat:dataSecrets has no password for ${lacking.source}` +
      `\nHINT: lifeboat up ${environment.name}`,
  );
}
