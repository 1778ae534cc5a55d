import { downloadSchema } from "./download-schema";
import {
  at,
  checked,
  choose,
  entries,
  flag,
  isMapping,
  list,
  mapping,
  oneOf,
  optional,
  refusing,
  text,
  value,
  wholeNumber,
  type Finding,
  type Schema,
} from "./schema-tools";
import { networkRange } from "./network-schema";
import { diskIsFit, guestIsFit, guestsOf } from "./service-guest";
import { durationFormat, parseDuration } from "./values/durations";
import { dnsName, fileName, guestName, mailAddress } from "./values/names";
import { parseWebAddress, webAddressFormat } from "./values/web-address";

const day = 86_400;

const registryName = text(
  "a registry",
  "HOST or HOST:PORT, such as registry.example.com:5000",
  /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/,
);

const imageSchema = mapping({
  /** Its name in the registry, such as `prom/prometheus`. */
  name: text(
    "an image's name",
    "lower-case letters, digits, -, _ and . between slashes, such as prom/prometheus",
    /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/,
  ),
  /** Which one, whatever its tags say: as `docker inspect --format '{{.RepoDigests}}'` prints it. */
  digest: text("a digest", "sha256: and 64 hex digits, as a registry prints it", /^sha256:[0-9a-f]{64}$/),
});

type Image = ReturnType<typeof imageSchema.parse>;

/** An image, or `false`. */
const imageOrNone: Schema<Image | false> = choose<Image | false>([imageSchema], (raw) =>
  raw === false || raw === "false" ? flag.transform(() => false as const) : imageSchema,
);

const imagesSchema = mapping({
  /** Registry that has them. Default: Docker's own, docker.io. */
  registry: optional(registryName),
  /** PEM file of the CA that signed the registry's certificate; a relative path starts at the folder of the project. Default: the CAs of the guest. */
  ca: optional(fileName),
  /** Prometheus, which scrapes, keeps and judges. */
  prometheus: imageSchema,
  /** Alertmanager, which tells people. */
  alertmanager: imageSchema,
  /** Grafana, which draws; `false`: none. */
  grafana: imageOrNone,
});

const exporterSchema = mapping({
  /** Node's official archive for the guest's processor (`node-v22.….tar.xz` or `.tar.gz`), by which the exporter runs. */
  node: downloadSchema,
  /** How often the exporter looks at the nodes. Default: 5m. */
  interval: optional(duration("from 1s to 1d", 1, day)),
});

const webAddress = value("an address", webAddressFormat, parseWebAddress);

const mailServer = value("a mail server", "HOST:PORT, such as smtp.example.com:587", parseMailServer);

const webhookReceiver = mapping({
  /** Alertmanager's own JSON is posted there. */
  webhook: mapping({
    /** Its address. Default: it is a secret, and stands in `lifeboat:monitoringSecrets` under the receiver's name. */
    url: optional(webAddress),
  }),
});

const mailReceiver = mapping({
  /** Sends mail. */
  mail: mapping({
    /** Who gets it. */
    to: list("mail addresses", mailAddress, 1),
    /** Who it is from. */
    from: mailAddress,
    /** Mail server that takes it. */
    server: mailServer,
    /** Login at the mail server; its password stands in `lifeboat:monitoringSecrets` under the receiver's name. Default: no login. */
    user: optional(text("a login", "one line of at most 255 printable characters", /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u)),
    /** Mail goes by TLS or not at all. Default: true. */
    tls: optional(flag),
  }),
});

const ntfyReceiver = mapping({
  /** Sends to an ntfy server of version 2.14 or newer, which has a template for Alertmanager. */
  ntfy: mapping({
    /** The topic's address, such as `https://ntfy.example.com/backups`. An access token stands in `lifeboat:monitoringSecrets` under the receiver's name. */
    url: value("a topic's address", "https://HOST/TOPIC or http://HOST/TOPIC", parseTopic),
  }),
});

const telegramReceiver = mapping({
  /** Sends by a bot of Telegram, whose token stands in `lifeboat:monitoringSecrets` under the receiver's name. */
  telegram: mapping({
    /** Number of the chat; that of a group is negative. */
    chat: wholeNumber("a chat's number", -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  }),
});

const receiverKinds = {
  webhook: webhookReceiver.transform(({ webhook }) => ({ kind: "webhook", ...webhook }) as const),
  mail: mailReceiver.transform(({ mail }) => ({ kind: "mail", ...mail, tls: mail.tls ?? true }) as const),
  ntfy: ntfyReceiver.transform(({ ntfy }) => ({ kind: "ntfy", ...ntfy }) as const),
  telegram: telegramReceiver.transform(({ telegram }) => ({ kind: "telegram", ...telegram }) as const),
};

const receiverNames = ["webhook", "mail", "ntfy", "telegram"] as const;

type ReceiverEntry = {
  [Kind in keyof typeof receiverKinds]: ReturnType<(typeof receiverKinds)[Kind]["parse"]>;
}[keyof typeof receiverKinds];

const receiverSchema = choose<ReceiverEntry>(
  [webhookReceiver, mailReceiver, ntfyReceiver, telegramReceiver],
  (raw): Schema<ReceiverEntry> => {
    const [kind, ...others] = receiverNames.filter((name) => at(raw, name) !== undefined);
    return kind === undefined || others.length > 0 ? refusing(notOneKind) : receiverKinds[kind];
  },
);

/** `lifeboat:monitoring` */
export const monitoringSchema = checked(
  mapping({
    /** Name of the guest that watches: one of this environment that the program makes, with a fixed address and `firewall: true` on its network card. A container needs `nesting: true`. */
    guest: guestName,
    /** Disk for what the services write; it has to be in the backup. Of a container by its name, default: data. Of a machine an empty `scsi` disk by its key, default: none, and its first disk keeps it. */
    disk: optional(guestName),
    /** Images of the services, pinned by their digests. */
    images: imagesSchema,
    /** What reads the nodes and the storages for Prometheus. */
    exporter: exporterSchema,
    /** How often Prometheus scrapes, and evaluates its rules. Default: 1m. */
    evaluation: optional(duration("from 1s to 5m", 1, 300)),
    /** Where Grafana's pages answer: `loopback`, in the guest only; `tls`, on its address, with a certificate of an authority of the site's own. Prometheus and Alertmanager have no login and answer in the guest only. Default: loopback. */
    listen: optional(oneOf("a way to listen", ["loopback", "tls"])),
    /** Networks that may reach Grafana, with `listen: tls`. */
    allow: optional(list("networks", networkRange, 1)),
    /** Networks that may reach SSH in the guest, from which `pulumi up` installs it. Default: all, so that nobody is locked out. */
    allowSsh: optional(list("networks", networkRange, 1)),
    /** How long Prometheus keeps measurements. Default: 15d. */
    retention: optional(duration("from 1h to 3650d", 3600, 3650 * day)),
    /** Who is told, by names of your own; every alert goes to all of them. Default: nobody. */
    receivers: optional(entries("receivers", guestName, receiverSchema)),
    /** Address of the folder that has `docs/runbooks`, where you show this project's files: alerts link their pages below it. Default: alerts name the page's path. */
    runbooks: optional(webAddress),
    /** `false` leaves the rules about backups out. Default: true. */
    backupAlerting: optional(flag),
  }),
  pagesAreReachable,
);

export type MonitoringEntry = ReturnType<typeof monitoringSchema.parse>;

function duration(range: string, least: number, most: number): Schema<number> {
  return value("a duration", `${durationFormat}; ${range}`, (raw) => {
    const seconds = parseDuration(raw);
    return seconds === undefined || seconds < least || seconds > most ? undefined : seconds;
  });
}

function parseTopic(raw: unknown): string | undefined {
  const address = parseWebAddress(raw);
  return address !== undefined && /^https?:\/\/[^/?#@]+(?:\/[A-Za-z0-9_-]+)+$/.test(address) ? address : undefined;
}

function parseMailServer(raw: unknown): string | undefined {
  const [, host = "", port = ""] = typeof raw === "string" ? (/^(.+):([1-9]\d{0,4})$/.exec(raw) ?? []) : [];
  return dnsName.safeParse(host).success && Number(port) <= 65_535 ? `${host}:${port}` : undefined;
}

function notOneKind(): Finding[] {
  const allowed = "one of webhook, mail, ntfy and telegram; several receivers for several of them";
  return [{ path: [], noun: "a receiver", allowed }];
}

function pagesAreReachable(raw: unknown): Finding[] {
  const listens = at(raw, "listen") === "tls";
  const grafana = at(at(raw, "images"), "grafana");
  if (listens && (grafana === false || grafana === "false")) {
    return [
      { path: ["listen"], message: "there is no Grafana to answer", allowed: "loopback, or an image of Grafana" },
    ];
  }
  if (listens === (at(raw, "allow") !== undefined)) return [];
  return listens
    ? [{ path: ["allow"], message: "missing: nobody could reach the pages", allowed: "networks that may reach them" }]
    : [{ path: ["allow"], message: "nothing answers outside of the guest", allowed: "no networks, or listen: tls" }];
}

/**
 * What the monitoring needs of its guest. Paths start at `lifeboat:`.
 *
 * @param raw the settings of the environment.
 */
export function monitoringFitsGuest(raw: unknown): Finding[] {
  const monitoring = at(raw, "monitoring");
  const name = at(monitoring, "guest");
  if (typeof name !== "string") return [];
  const guest = at(at(raw, "guests"), name);
  const kind = at(guest, "kind");
  const path = ["monitoring", "guest"];
  const allowed = guestsOf(raw, ["container", "virtual-machine"]);
  if (guest === undefined) return [{ path, message: `there is no guest ${name}`, allowed }];
  if (kind !== "container" && kind !== "virtual-machine") {
    return [{ path, message: `guest ${name} is none that the program makes`, allowed }];
  }
  if (name === at(at(raw, "stateStore"), "guest")) {
    return [
      { path, message: `guest ${name} has the state store, with a firewall of its own`, allowed: "another guest" },
    ];
  }
  return [
    ...guestIsFit("the monitoring", name, guest),
    ...(kind === "container" ? containerIsFit(name, guest) : machineIsFit(name, guest, at(monitoring, "disk"))),
    ...monitoringDiskIsFit(name, guest, at(monitoring, "disk") ?? (kind === "container" ? "data" : undefined)),
  ];
}

function monitoringDiskIsFit(name: string, guest: unknown, disk: unknown): Finding[] {
  return diskIsFit({ what: "the measurements", path: ["monitoring", "disk"] }, name, guest, disk);
}

function containerIsFit(name: string, guest: unknown): Finding[] {
  const nesting = at(guest, "nesting");
  if (nesting === true || nesting === "true") return [];
  return [{ path: ["guests", name, "nesting"], message: "Docker runs in no container without it", allowed: "true" }];
}

/** A disk of `virtio` or `sata` has no name in the machine by which it could be found. */
function machineIsFit(name: string, guest: unknown, disk: unknown): Finding[] {
  if (typeof disk !== "string") return [];
  const path = ["monitoring", "disk"];
  const entry = at(at(guest, "disks"), disk);
  if (!disk.startsWith("scsi")) return [{ path, message: "no disk of scsi", allowed: "a scsi disk, such as scsi1" }];
  const disks = at(guest, "disks");
  const isFirst = isMapping(disks) && Object.keys(disks).sort()[0] === disk;
  if (!isFirst && at(entry, "image") === undefined) return [];
  return [{ path, message: `disk ${disk} of ${name} has a system`, allowed: "an empty disk, such as scsi1" }];
}
