import { backupSchema } from "./backup-schema";
import { bucketKeysSchema, bucketsCanBeMirrored, bucketsSchema } from "./bucket-schema";
import { dataDefaultsSchema, dataReachesGuests, dataSecretsSchema } from "./data-schema";
import { drillFitsGuests, drillSchema } from "./drill-schema";
import { guestId } from "./guest-values";
import { guestSchema } from "./guest-schema";
import { acknowledgementSchema, objectivesSchema, suspensionSchema } from "./policy-schema";
import { kitSchema } from "./kit-schema";
import { monitoringFitsGuest, monitoringSchema } from "./monitoring-schema";
import { monitoringSecretsSchema } from "./monitoring-secrets-schema";
import { archivesCanBeCopied, offsiteKeysSchema, offsiteSchema } from "./offsite-schema";
import { proxmoxSchema, tokenSchema } from "./proxmox-schema";
import {
  at,
  checked,
  entries,
  flag,
  isMapping,
  list,
  mapping,
  oneOf,
  optional,
  text,
  wholeNumber,
  type Finding,
} from "./schema-tools";
import { certificateSchema, keyPairSchema, stateStoreKeysSchema } from "./state-keys-schema";
import { stateStoreSchema, storeFitsGuest } from "./state-store-schema";
import { restoreSchema, restoresNameGuests } from "./restore-schema";
import { parseHostAddress } from "./values/addresses";
import { fileName, guestName, publicKey, requestId, userName } from "./values/names";

/** Every key of the namespace `lifeboat:`. The program and the command line read the same. */
export const settingsSchema = checked(
  mapping({
    /** Where defaults come from (schedule, retention, objectives). */
    profile: oneOf("a profile", ["prod", "lab", "monitoring"]),
    /** How to reach the nodes of the environment. */
    proxmox: proxmoxSchema,
    /** The one backup job of the environment, and where it writes. */
    backup: backupSchema,
    /** Every guest, by a name of your own: what is to be made, and what was made by hand. */
    guests: optional(checked(entries("guests", guestName, guestSchema), guestsDiffer)),
    /** Pulumi's `protect` on every guest. `false` lets `pulumi destroy` delete the guests that the program made. Default: true. */
    protectGuests: optional(flag),
    /** What backups and restores have to achieve. */
    objectives: optional(objectivesSchema),
    /** Emergencies: policies that count for nothing until a day. */
    suspend: optional(list("suspensions", suspensionSchema)),
    /** Hazards that somebody knows of and accepts until a day. */
    acknowledge: optional(list("acknowledgements", acknowledgementSchema)),
    /**
     * Restores that `pulumi up` carries out, each once, by an id that stands for it for ever: the next one needs a new id. What
     * is taken out of the list again changes nothing.
     */
    restores: optional(entries("restores", requestId, restoreSchema)),
    /** How `lifeboat` logs in to guests, and the keys that new guests let in. */
    ssh: optional(
      mapping({
        /** User in the guests. Default: root. */
        user: optional(userName),
        /** Private key; a relative path starts at the folder of the project. Default: what `ssh` chooses. */
        identity: optional(fileName),
        /** Public keys, as lines of `authorized_keys`, put into every new guest that does not name its own. */
        keys: optional(list("public SSH keys", publicKey)),
      }),
    ),
    /** What dumps of data inside guests have where the guest does not say otherwise. */
    data: optional(dataDefaultsSchema),
    /** Secrets of the sources of data, by guest and source; `lifeboat up` makes those that nobody gives. */
    dataSecrets: optional(dataSecretsSchema),
    /** Where `lifeboat drill` proves backups: copies are made there, checked, and destroyed again. */
    drill: optional(drillSchema),
    /**
     * Numbers of the tokens that this environment's stack makes for `lifeboat exporter`; the highest is in use. `[1]` to begin with.
     * To replace a token: `[1, 2]`, `lifeboat up`, then `[2]`, `lifeboat up`. Default: none, and nothing watches this environment.
     */
    exporterTokens: optional(list("numbers of tokens", wholeNumber("a token's number", 1, 9999))),
    /** API token, as a secret. `LIFEBOAT_PROXMOX_TOKEN` and `LIFEBOAT_PROXMOX_TOKEN_FILE` go first, with the environment's name at the end (`LIFEBOAT_PROXMOX_TOKEN_PROD`) before all. */
    proxmoxToken: optional(tokenSchema),
    /** Password of root@pam, as a secret: only for guests with bind mounts, which Proxmox allows nobody else. */
    proxmoxRootPassword: optional(text("a password", "the password of root@pam, as a secret", /^[^\p{Cc}]+$/u, 1024)),
    /** Where the states of all stacks are kept. In one environment of the site: its stack makes the store. */
    stateStore: optional(stateStoreSchema),
    /** Keys of the store and of all its users, as a secret, beside `stateStore`. `lifeboat up` makes what is missing. */
    stateStoreKeys: optional(stateStoreKeysSchema),
    /** Certificate (PEM) of the authority that signs the store's own, beside `stateStore`. `lifeboat up` writes it. */
    stateStoreAuthority: optional(certificateSchema),
    /** Key of the second S3 service for copies, as a secret: `{ accessKey, secretKey }`. */
    stateStoreOffsiteKey: optional(keyPairSchema),
    /** This environment's own key to its bucket, as a secret: `{ accessKey, secretKey }`. `lifeboat up` writes it. */
    stateKey: optional(keyPairSchema),
    /** Prometheus, Alertmanager and Grafana, which watch the backups of all environments. In one environment of the site: its stack makes them. */
    monitoring: optional(monitoringSchema),
    /** Secrets of the monitoring; `lifeboat up` makes those that nobody gives. */
    monitoringSecrets: optional(monitoringSecretsSchema),
    /** Certificate (PEM) of the authority that signs Grafana's own, beside `monitoring` with `listen: tls`. */
    monitoringAuthority: optional(certificateSchema),
    /** A bucket of another S3 service, where copies lie that nobody can remove. Default: none. */
    offsite: optional(offsiteSchema),
    /** Keys of that bucket, as a secret: `{ admin, writer, reader }`, each `{ accessKey, secretKey }`. Needed with `offsite`. */
    offsiteKeys: optional(offsiteKeysSchema),
    /** Buckets of the site that `lifeboat backup bucket` mirrors to the bucket elsewhere, by names of your own. */
    buckets: optional(bucketsSchema),
    /** Keys that read those buckets in every version, as a secret: `{ NAME: { accessKey, secretKey } }`. */
    bucketKeys: optional(bucketKeysSchema),
    /** The break-glass file of the site, for somebody with nothing but a laptop and it. In one environment of the site. */
    kit: optional(kitSchema),
  }),
  (raw) => [
    ...storeFitsGuest(raw),
    ...monitoringFitsGuest(raw),
    ...drillFitsGuests(raw),
    ...restoresNameGuests(raw),
    ...dataReachesGuests(raw),
    ...archivesCanBeCopied(raw),
    ...bucketsCanBeMirrored(raw),
  ],
);

export type Settings = ReturnType<typeof settingsSchema.parse>;

/** Something that two guests of one environment may not share, and the key that says it. */
interface Unique {
  readonly what: string;
  readonly of: (guest: unknown, name: string) => string | undefined;
  readonly path: (guest: unknown) => readonly string[];
}

const unique: readonly Unique[] = [
  { what: "id", of: idOf, path: (guest) => [at(guest, "adopt") === undefined ? "id" : "adopt"] },
  { what: "host name", of: hostNameOf, path: (guest) => (at(guest, "hostname") === undefined ? [] : ["hostname"]) },
  { what: "address", of: addressOf, path: () => ["network", "address"] },
  { what: "MAC address", of: macOf, path: () => ["network", "mac"] },
];

function guestsDiffer(raw: unknown): Finding[] {
  if (!isMapping(raw)) return [];
  const guests = Object.entries(raw).sort(([a], [b]) => (a < b ? -1 : 1));
  return unique.flatMap((rule) => sharedBy(guests, rule));
}

function sharedBy(guests: readonly [string, unknown][], { what, of, path }: Unique): Finding[] {
  const first = new Map<string, string>();
  return guests.flatMap(([name, guest]) => {
    const key = of(guest, name);
    if (key === undefined) return [];
    const other = first.get(key);
    if (other === undefined) first.set(key, name);
    if (other === undefined) return [];
    return [
      { path: [name, ...path(guest)], message: `guest ${other} has the same ${what}`, allowed: `another ${what}` },
    ];
  });
}

function idOf(guest: unknown): string | undefined {
  const id = guestId.safeParse(at(guest, "adopt") ?? at(guest, "id"));
  return id.success ? String(id.data) : undefined;
}

/** Compared without case, as DNS does. A guest's name is its host name unless it has another. */
function hostNameOf(guest: unknown, name: string): string | undefined {
  return (textAt(guest, "hostname") ?? name).toLowerCase();
}

function addressOf(guest: unknown): string | undefined {
  return parseHostAddress(at(at(guest, "network"), "address"))?.value.toString();
}

function macOf(guest: unknown): string | undefined {
  return textAt(at(guest, "network"), "mac")?.toUpperCase();
}

function textAt(raw: unknown, key: string): string | undefined {
  const found = at(raw, key);
  return typeof found === "string" ? found : undefined;
}
