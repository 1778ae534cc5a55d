import type { ConfigurationSection } from "../../../proxmox/rules/section-configuration";
import type { WantedNode } from "../../../site/replaced-node/wanted-node";
import { byHand, line, optionsOf, want, wantIn } from "./words";

const file = "/etc/pve/storage.cfg";

/** What defines the storages of a node. Those that need a secret are left to whoever has it. */
export function storageLines({ storages, inPlace }: WantedNode): string[] {
  return [
    ...inPlace.map(({ old, now, content }) => line("in_place", old, now, ...content)),
    ...storages.map(storageLine),
  ];
}

function storageLine(storage: ConfigurationSection): string {
  const { type, id } = storage;
  const what = `storage ${id} (${type})`;
  const here = line("section", file, id);
  const secrets = secretsOf(storage);
  const command = [
    "pvesm",
    "add",
    type,
    id,
    ...optionsOf({ ...Object.fromEntries(storage.properties), ...secrets.files }),
  ];
  const folder = type === "dir" || type === "btrfs" ? storage.properties.get("path") : undefined;
  if (folder !== undefined) return wantIn(folder, what, here, sectionText(storage), command);
  if (secrets.why === undefined) return want(what, here, sectionText(storage), command);
  const words = [...command, ...(secrets.asksPassword ? ["--password"] : [])];
  return byHand(what, here, sectionText(storage), `${secrets.why}: ${line(...words)}`);
}

/** As the script's `section` prints what is on the node. */
function sectionText({ type, properties }: ConfigurationSection): string {
  const lists = new Set(["content", "nodes"]);
  const lines = [...properties].map(([key, value]) => `${key} ${lists.has(key) ? sortedList(value) : value}`);
  return [`type ${type}`, ...lines].sort().join("\n");
}

function sortedList(list: string): string {
  return list
    .split(",")
    .map((one) => one.trim())
    .sort()
    .join(",");
}

interface StorageSecrets {
  /** Undefined: it needs none. */
  readonly why?: string;
  /** Asked for by the command itself. */
  readonly asksPassword?: boolean;
  /** Options whose value is a file that somebody puts there first. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What the saved files do not have of a storage, on purpose: `/etc/pve/priv`. */
function secretsOf({ type, id, properties }: ConfigurationSection): StorageSecrets {
  switch (type) {
    case "pbs":
      return backupServerSecrets(id, properties);
    case "esxi":
      return { why: "it asks for the password", asksPassword: true };
    case "cifs":
      return properties.has("username") ? { why: "it asks for the password of the share", asksPassword: true } : {};
    case "rbd":
    case "cephfs": {
      // Without monitors it is the node's own Ceph, whose key is there.
      if (!properties.has("monhost")) return {};
      const keyring = `/root/${id}.keyring`;
      return { why: `put the key of Ceph into ${keyring} first`, files: { keyring } };
    }
    case "zfs":
      return { why: "put the SSH key of its server into /etc/pve/priv/zfs first" };
    default:
      return {};
  }
}

/** The definition names an encryption key by its fingerprint alone. A new key in its place would read none of the backups. */
function backupServerSecrets(id: string, properties: ReadonlyMap<string, string>): StorageSecrets {
  const files = {
    ...(properties.has("encryption-key") ? { "encryption-key": `/root/${id}.enc` } : {}),
    ...(properties.has("master-pubkey") ? { "master-pubkey": `/root/${id}.master.pem` } : {}),
  };
  const names = Object.values(files);
  const put = names.length === 0 ? "" : `put your own key into ${names.join(" and ")} first, never a new one; `;
  return { why: `${put}it asks for the password`, asksPassword: true, files };
}
