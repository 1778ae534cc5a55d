import { completeDataDefaults, completeSource } from "../settings/complete-data";
import type { CommandSource, DataSource, FilesSource, MariaDbSource, PostgresSource } from "../settings/data";
import {
  anyLine,
  commandKeys,
  filesKeys,
  isReachedByPgBackRest,
  mariadbKeys,
  namesFiles,
  postgresKeys,
  sourceName,
} from "../settings/data-schema";
import type { KeyPair, OffsiteSettings, PointInTimeKeysGiven } from "../settings/environment";
import { guestId } from "../settings/guest-values";
import { ip } from "../settings/network-schema";
import { rate } from "../settings/offsite-schema";
import { completePointInTime, pointInTimeKeys, recoveryStoreKeys, secret } from "../settings/point-in-time-schema";
import { at, checked, list, mapping, oneOf, optional, text, wholeNumber, type Finding } from "../settings/schema-tools";
import { keyPairSchema } from "../settings/state-keys-schema";
import { bucketName, endpoint, region } from "../settings/state-store-schema";
import { guestName, publicKey, userName } from "../settings/values/names";
import { formatDuration } from "../settings/values/durations";
import { formatSize } from "../settings/values/sizes";
import { environmentName } from "./guest";

/** Sources of data in guests, as arguments: what is dumped is said as in the settings, and how to get there beside it. */

const certificate = text("a certificate", "the text of a PEM file", /\S/u, 65_536);

/** Where dumps are copied to. It is there already: who declares a source makes no bucket. */
const offsite = mapping({
  kind: oneOf("a kind of service", ["aws", "ovh", "minio"]),
  endpoint,
  region,
  bucket: bucketName,
  bandwidth: optional(rate),
  environment: environmentName,
  guest: guestName,
  key: keyPairSchema,
  authority: optional(certificate),
});

/** How to get into the guest, and who else has to do with its dumps. */
const ownKeys = {
  source: sourceName,
  address: text("an address", "an IP address or a DNS name, such as 192.0.2.101", /^[A-Za-z0-9:][A-Za-z0-9.:-]*$/),
  sshPort: optional(wholeNumber("a port", 1, 65_535)),
  sshUser: optional(userName),
  privateKey: optional(text("a private key", "the text of an SSH key's file", /PRIVATE KEY/u, 65_536)),
  hostKey: publicKey,
  guestId: optional(guestId),
  incarnation: optional(text("a mark", "any text on one line", /^[^\p{Cc}]*$/u)),
  watchers: optional(list("IP addresses", ip)),
  offsite: optional(offsite),
};

const commands = "it concerns the commands of lifeboat, which read the settings of a stack and no program";

const refusedKeys = {
  kind: "the class of the component says what it is",
  by: "guestId says that address is that of the node",
  drill: commands,
};

const { kind: _postgres, by: _by, drill: _drill, pointInTime: _pointInTime, ...ofPostgres } = postgresKeys;
const { kind: _mariadb, by: _mariadbBy, drill: _mariadbDrill, ...ofMariaDb } = mariadbKeys;
const { kind: _files, by: _filesBy, ...ofFiles } = filesKeys;
const { kind: _command, by: _commandBy, ...ofCommand } = commandKeys;
const { ca: _ca, ...ofStore } = recoveryStoreKeys;

/** The name of an environment may stand in it, which takes more letters than the settings' own. */
const archiveFolder = text(
  "a folder",
  "letters, digits, -, _, . and /, such as prod/web",
  /^[A-Za-z0-9_][\w.-]*(?:\/[A-Za-z0-9_][\w.-]*)*$/u,
);

const store = mapping(ofStore, { ca: "its text is pointInTimeKeys.authority" });

const pointInTime = mapping({ ...pointInTimeKeys, store, folder: optional(archiveFolder) }).transform(
  completePointInTime,
);

/** Every argument of `PostgresBackup`. */
export const postgresBackupSchema = checked(
  mapping(
    {
      ...ofPostgres,
      ...ownKeys,
      password: anyLine,
      pointInTime: optional(pointInTime),
      pointInTimeKeys: optional(
        mapping({ accessKey: secret, secretKey: secret, passphrase: secret, authority: optional(certificate) }),
      ),
    },
    refusedKeys,
  ),
  (raw) => [...isReachedByPgBackRest(raw), ...hasItsKeys(raw)],
);

/** Every argument of `MariaDbBackup`. */
export const mariadbBackupSchema = mapping({ ...ofMariaDb, ...ownKeys, password: anyLine }, refusedKeys);

/** Every argument of `FilesBackup`. */
export const filesBackupSchema = checked(mapping({ ...ofFiles, ...ownKeys }, refusedKeys), namesFiles);

/** Every argument of `CommandBackup`. */
export const commandBackupSchema = mapping({ ...ofCommand, ...ownKeys }, refusedKeys);

function hasItsKeys(raw: unknown): Finding[] {
  const [settings, keys] = [at(raw, "pointInTime"), at(raw, "pointInTimeKeys")];
  if ((settings === undefined) === (keys === undefined)) return [];
  return [
    settings === undefined
      ? { path: ["pointInTime"], message: "has keys, and says nothing", allowed: "pointInTime with pointInTimeKeys" }
      : { path: ["pointInTimeKeys"], message: "are missing", allowed: "the key and the passphrase of pointInTime" },
  ];
}

const defaults = completeDataDefaults(undefined);

/** By kind: a source as its arguments declare it. */
export const sourcesOf = {
  postgres: ({ source, ...entry }: ReturnType<typeof postgresBackupSchema.parse>): DataSource =>
    completeSource(source, { ...entry, kind: "postgres", by: undefined, drill: undefined }, defaults, true),
  mariadb: ({ source, ...entry }: ReturnType<typeof mariadbBackupSchema.parse>): DataSource =>
    completeSource(source, { ...entry, kind: "mariadb", by: undefined, drill: undefined }, defaults, true),
  files: ({ source, ...entry }: ReturnType<typeof filesBackupSchema.parse>): DataSource =>
    completeSource(source, { ...entry, kind: "files", by: undefined }, defaults, true),
  command: ({ source, ...entry }: ReturnType<typeof commandBackupSchema.parse>): DataSource =>
    completeSource(source, { ...entry, kind: "command", by: undefined }, defaults, true),
};

/** A source of the settings as arguments. Everything is said, so that no default is left to decide. */
function commonArguments({ name, at: time, keep, recipients, shrink, minimum, folder, enabled }: DataSource) {
  return {
    source: name,
    at: time,
    keep: { ...keep },
    recipients: [...recipients],
    shrink,
    // One byte is what it is without it, and no size of the settings.
    minimum: minimum === 1 ? undefined : minimum === 0 ? "0KiB" : formatSize(minimum),
    folder,
    enabled,
  };
}

export function postgresArguments(source: PostgresSource, keys: PointInTimeKeysGiven | undefined) {
  const { databases, container, port, superuser, proof, pointInTime: settings } = source;
  const own = { databases: databases && [...databases], container, port, superuser, proof };
  if (settings === undefined) return { ...commonArguments(source), ...own };
  if (settings.store === undefined || keys === undefined)
    throw new Error(`${source.name} has no bucket or key for its archive`);
  const { store: bucketOf, archiveTimeout, ...rest } = settings;
  const { endpoint: service, address, region: place, bucket } = bucketOf;
  const { accessKey, secretKey, passphrase, authority } = keys;
  return {
    ...commonArguments(source),
    ...own,
    pointInTime: {
      ...rest,
      store: { endpoint: service, address, region: place, bucket },
      archiveTimeout: formatDuration(archiveTimeout),
    },
    pointInTimeKeys: { accessKey, secretKey, passphrase, authority },
  };
}

export function mariadbArguments(source: MariaDbSource) {
  const { databases, container } = source;
  return { ...commonArguments(source), databases: databases && [...databases], container };
}

export function filesArguments(source: FilesSource) {
  const { paths, volumes, exclude } = source;
  const named = { paths: orNone(paths), volumes: orNone(volumes) };
  return { ...commonArguments(source), ...named, exclude: [...exclude] };
}

/** A list that is there has an entry at least. */
function orNone(entries: readonly string[]): string[] | undefined {
  return entries.length === 0 ? undefined : [...entries];
}

export function commandArguments(source: CommandSource) {
  const { command, check, restore, container } = source;
  return { ...commonArguments(source), command, check, restore, container };
}

/** Where copies of dumps go, as an argument. */
export function offsiteArguments(
  { kind, endpoint: service, region: place, bucket, bandwidth }: OffsiteSettings,
  { environment, guest }: { readonly environment: string; readonly guest: string },
  { accessKey, secretKey }: KeyPair,
  authority: string | undefined,
) {
  const limit = bandwidth === undefined ? undefined : formatSize(bandwidth);
  const key = { accessKey, secretKey };
  return { kind, endpoint: service, region: place, bucket, bandwidth: limit, environment, guest, key, authority };
}
