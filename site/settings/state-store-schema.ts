import { scheduleSchema } from "./backup-schema";
import { downloadSchema } from "./download-schema";
import {
  at,
  checked,
  choose,
  list,
  mapping,
  optional,
  text,
  value,
  wholeNumber,
  type Finding,
  type Schema,
} from "./schema-tools";
import { networkRange } from "./network-schema";
import { diskIsFit, guestIsFit, guestsOf } from "./service-guest";
import { durationFormat, parseDuration } from "./values/durations";
import { endpointFormat, parseEndpoint } from "./values/endpoints";
import { fileName, guestName } from "./values/names";

const day = 86_400;

export const endpoint = value("an endpoint", endpointFormat, parseEndpoint);

export const region = text("a region", "letters, digits and -, such as us-east-1", /^[A-Za-z0-9-]{1,64}$/);

const port = wholeNumber("a port", 1, 65_535);

const portsSchema = checked(
  mapping({
    /** Port of S3. Default: 9000. */
    api: optional(port),
    /** Port of the server's web console. Default: there is none. */
    console: optional(port),
  }),
  portsDiffer,
);

export const bucketName = text(
  "a bucket's name",
  "3 to 63 lower-case letters, digits and -, beginning and ending in a letter or digit",
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
);

/** Room for the environment's name is left: a bucket's name has at most 63 characters. */
const bucketPrefix = text(
  "a beginning of names",
  "3 to 40 lower-case letters, digits and -, beginning and ending in a letter or digit, such as lifeboat-state",
  /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/,
);

const copiesSchema = mapping({
  /** Folder for copies on the operator's machine; a relative path starts at the folder of the project. Default: `lifeboat/<project>/state-copies` in `$XDG_DATA_HOME`. */
  folder: optional(fileName),
  /** A second S3 service to which the store's guest copies by itself. Its key is the secret `lifeboat:stateStoreOffsiteKey`. Default: none. */
  offsite: optional(
    mapping({
      /** Address of the second S3 service, such as `https://s3.example.com`. */
      endpoint,
      /** Region of the bucket. Default: us-east-1. */
      region: optional(region),
      /** Bucket for the copies. It has to exist. */
      bucket: bucketName,
      /** PEM file of the CA that signed its certificate; a relative path starts at the folder of the project. Default: the CAs of the system. */
      ca: optional(fileName),
      /** When it copies: a calendar event as of `lifeboat:backup`, in the guest's time zone. Default: `04:15`. */
      schedule: optional(scheduleSchema),
    }),
  ),
});

const expiry = value("a duration", `${durationFormat}; whole days, at most 3650d`, wholeDays);

const containerStore = mapping({
  /** Name of the guest that holds the store: a container of this environment with a fixed address and `firewall: true` on its network card. */
  guest: guestName,
  /** Name of the guest's disk that holds the data. It has to be in the backup. Default: data. */
  disk: optional(guestName),
  /** The S3 server: a MinIO binary for the guest's processor. */
  server: downloadSchema,
  /** Networks that may reach the ports of the store. */
  allow: list("networks", networkRange, 1),
  /** Networks that may reach SSH in the store's guest, from which `pulumi up` installs it. Default: all, so that nobody is locked out. */
  allowSsh: optional(list("networks", networkRange, 1)),
  /** Ports of the store. Default: 9000 for S3 and no console. */
  ports: optional(portsSchema),
  /** What the names of the buckets begin with; `-` and the environment's name follow. Default: lifeboat-state. */
  buckets: optional(bucketPrefix),
  /** How long old versions of a state stay, in whole days. Default: 90d. */
  expire: optional(expiry),
  /** Where else the states are kept. Default: in a folder on the operator's machine. */
  copies: optional(copiesSchema),
});

const ownContainer = "not with service: the service is there already";

const serviceStore = mapping(
  {
    /** An S3 service that is there already. */
    service: mapping({
      /** Address of the S3 service, such as `https://s3.example.com`. It needs versioning. */
      endpoint,
      /** Region of the buckets. Default: us-east-1. */
      region: optional(region),
      /** PEM file of the CA that signed its certificate; a relative path starts at the folder of the project. Default: the CAs of the system. */
      ca: optional(fileName),
    }),
    /** What the names of the buckets begin with; `-` and the environment's name follow. Default: lifeboat-state. */
    buckets: optional(bucketPrefix),
    /** How long old versions of a state stay, in whole days. Default: 90d. */
    expire: optional(expiry),
    /** Where else the states are kept. Default: in a folder on the operator's machine. */
    copies: optional(copiesSchema),
  },
  {
    guest: ownContainer,
    disk: ownContainer,
    server: ownContainer,
    allow: ownContainer,
    allowSsh: ownContainer,
    ports: ownContainer,
  },
);

type ContainerStoreEntry = ReturnType<typeof containerStore.parse>;
type ServiceStoreEntry = ReturnType<typeof serviceStore.parse>;

export type StateStoreEntry =
  ({ readonly as: "container" } & ContainerStoreEntry) | ({ readonly as: "service" } & ServiceStoreEntry);

/** `lifeboat:stateStore` */
export const stateStoreSchema: Schema<StateStoreEntry> = choose<StateStoreEntry>(
  [containerStore, serviceStore],
  (raw) =>
    at(raw, "service") === undefined
      ? containerStore.transform((entry) => ({ as: "container", ...entry }))
      : serviceStore.transform((entry) => ({ as: "service", ...entry })),
);

/** Seconds of whole days, at most ten years; undefined for anything else. */
export function wholeDays(raw: unknown): number | undefined {
  const seconds = parseDuration(raw);
  if (seconds === undefined || seconds < day || seconds > 3650 * day) return undefined;
  return seconds % day === 0 ? seconds : undefined;
}

function portsDiffer(raw: unknown): Finding[] {
  const ports = { api: at(raw, "api") ?? 9000, console: at(raw, "console") };
  if (ports.console !== undefined && ports.console === ports.api) {
    return [{ path: ["console"], message: "the port of S3", allowed: "a port of its own" }];
  }
  return Object.entries(ports).flatMap(([name, found]): Finding[] =>
    found === 22 ? [{ path: [name], message: "the port of SSH", allowed: "another port" }] : [],
  );
}

/**
 * What the store needs of its guest. Paths start at `lifeboat:`. What is wrong with the guest or the store by itself is told
 * by their own schemas.
 *
 * @param raw the settings of the environment.
 */
export function storeFitsGuest(raw: unknown): Finding[] {
  const store = at(raw, "stateStore");
  const name = at(store, "guest");
  if (typeof name !== "string" || at(store, "service") !== undefined) return [];
  const guest = at(at(raw, "guests"), name);
  const path = ["stateStore", "guest"];
  const what = "the state store";
  if (guest === undefined)
    return [{ path, message: `there is no guest ${name}`, allowed: guestsOf(raw, ["container"]) }];
  if (at(guest, "kind") !== "container") {
    return [
      { path, message: `guest ${name} is no container that the program makes`, allowed: guestsOf(raw, ["container"]) },
    ];
  }
  return [
    ...guestIsFit(what, name, guest),
    ...diskIsFit({ what: "the states", path: ["stateStore", "disk"] }, name, guest, at(store, "disk") ?? "data"),
  ];
}
