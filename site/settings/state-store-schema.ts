import { scheduleSchema } from "./backup-schema";
import type { StateServer } from "./environment";
import {
  at,
  checked,
  choose,
  isMapping,
  list,
  mapping,
  optional,
  refusing,
  text,
  value,
  wholeNumber,
  type Finding,
  type Schema,
} from "./schema-tools";
import { parseHostAddress, parseNetwork } from "./values/addresses";
import { durationFormat, parseDuration } from "./values/durations";
import { endpointFormat, parseEndpoint } from "./values/endpoints";
import { fileName, guestName } from "./values/names";

const day = 86_400;

const endpoint = value("an endpoint", endpointFormat, parseEndpoint);

const region = text("a region", "letters, digits and -, such as us-east-1", /^[A-Za-z0-9-]{1,64}$/);

const network = value("a network", "a network such as 192.0.2.0/24, or one address such as 192.0.2.7", parseNetwork);

const port = wholeNumber("a port", 1, 65_535);

const sha256 = text(
  "a checksum",
  "SHA-256 of the file: 64 hex digits, as `sha256sum` prints them",
  /^[0-9A-Fa-f]{64}$/,
).transform((digits) => digits.toLowerCase());

const serverFromUrl = mapping({
  /** Where the store's guest loads the server from: `http` or `https`, without user and password. */
  url: value(
    "an address of a file",
    "http://HOST/PATH or https://HOST/PATH, without user, password and blanks",
    parseDownload,
  ),
  /** SHA-256 of the server. Another one is refused when it arrives, and the server that is there goes on. */
  sha256,
});

const serverFromFile = mapping({
  /** The server on the machine where `pulumi up` runs, for a site without internet; a relative path starts at the folder of the project. */
  file: fileName,
  /** SHA-256 of the server. Another one is refused when it arrives, and the server that is there goes on. */
  sha256,
});

const serverSchema = choose<StateServer>([serverFromUrl, serverFromFile], (raw) => {
  if (at(raw, "url") !== undefined && at(raw, "file") !== undefined) return refusing(twoServers);
  return at(raw, "file") === undefined
    ? serverFromUrl.transform((entry) => ({ from: "url", ...entry }))
    : serverFromFile.transform((entry) => ({ from: "file", ...entry }));
});

const portsSchema = checked(
  mapping({
    /** Port of S3. Default: 9000. */
    api: optional(port),
    /** Port of the server's web console. Default: there is none. */
    console: optional(port),
  }),
  portsDiffer,
);

const bucketName = text(
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

const expiry = value("a duration", `${durationFormat}; whole days, at most 3650d`, parseDays);

const containerStore = mapping({
  /** Name of the guest that holds the store: a container of this environment with a fixed address and `firewall: true` on its network card. */
  guest: guestName,
  /** Name of the guest's disk that holds the data. It has to be in the backup. Default: data. */
  disk: optional(guestName),
  /** The S3 server: a MinIO binary for the guest's processor. */
  server: serverSchema,
  /** Networks that may reach the ports of the store. */
  allow: list("networks", network, 1),
  /** Networks that may reach SSH in the store's guest, from which `pulumi up` installs it. Default: all, so that nobody is locked out. */
  allowSsh: optional(list("networks", network, 1)),
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

function parseDownload(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > 2048 || !/^https?:\/\/[\x21-\x7e]+$/.test(raw)) return undefined;
  if (/["'\\<>`]/.test(raw) || !URL.canParse(raw)) return undefined;
  const { username, password, pathname } = new URL(raw);
  return username === "" && password === "" && pathname !== "/" ? raw : undefined;
}

function parseDays(raw: unknown): number | undefined {
  const seconds = parseDuration(raw);
  if (seconds === undefined || seconds < day || seconds > 3650 * day) return undefined;
  return seconds % day === 0 ? seconds : undefined;
}

function twoServers(): Finding[] {
  const message = "url and file exclude each other";
  return [{ path: ["file"], message, found: "both", allowed: "url or file, and sha256" }];
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
  if (guest === undefined) return [{ path, message: `there is no guest ${name}`, allowed: containersOf(raw) }];
  if (at(guest, "kind") !== "container") {
    return [{ path, message: `guest ${name} is no container that the program makes`, allowed: containersOf(raw) }];
  }
  return [...guestIsFit(name, guest), ...diskIsFit(name, guest, at(store, "disk") ?? "data")];
}

function containersOf(raw: unknown): string {
  const guests = at(raw, "guests");
  const names = isMapping(guests) ? Object.keys(guests).filter((key) => at(guests[key], "kind") === "container") : [];
  return names.length === 0 ? "a container of lifeboat:guests" : `a container: ${names.sort().join(", ")}`;
}

function guestIsFit(name: string, guest: unknown): Finding[] {
  const found: Finding[] = [];
  const path = ["guests", name];
  const address = at(at(guest, "network"), "address");
  if (address === "dhcp") {
    const allowed = "a fixed address such as 192.0.2.132/24";
    found.push({ path: [...path, "network", "address"], message: "the state store has to keep its address", allowed });
  }
  const firewall = at(at(guest, "network"), "firewall");
  if (parseHostAddress(address) !== undefined && firewall !== true && firewall !== "true") {
    const message = "the state store's rules have no effect without Proxmox's firewall on its network card";
    found.push({ path: [...path, "network", "firewall"], message, allowed: "true" });
  }
  if (at(at(guest, "network"), "mac") !== undefined) {
    const message =
      "the state store's guest gets its MAC address from Proxmox: another one tells that it was made anew";
    found.push({ path: [...path, "network", "mac"], message, allowed: "no fixed MAC address" });
  }
  if (at(guest, "backup") !== undefined) {
    const message = "the state store's guest has to be in the backup";
    found.push({ path: [...path, "backup"], message, found: "an opt-out", allowed: "no opt-out" });
  }
  return found;
}

function diskIsFit(name: string, guest: unknown, disk: unknown): Finding[] {
  if (typeof disk !== "string") return [];
  const disks = at(guest, "disks");
  const entry = at(disks, disk);
  if (entry === undefined) {
    const names = isMapping(disks) ? Object.keys(disks).sort().join(", ") : "";
    const allowed = names === "" ? "a disk of its own for the data" : `a disk of ${name}: ${names}`;
    return [
      { path: ["stateStore", "disk"], message: `guest ${name} has no disk ${disk}`, allowed, found: `"${disk}"` },
    ];
  }
  if (at(entry, "bind") !== undefined || at(entry, "protectedBy") !== undefined) {
    const message = `disk ${disk} is a bind mount, which Proxmox never backs up`;
    return [{ path: ["stateStore", "disk"], message, allowed: "a volume", found: `"${disk}"` }];
  }
  if (at(entry, "backup") === undefined) return [];
  const message = "the states have to be in the backup";
  return [{ path: ["guests", name, "disks", disk, "backup"], message, found: "an opt-out", allowed: "no opt-out" }];
}
