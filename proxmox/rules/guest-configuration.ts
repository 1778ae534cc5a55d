/**
 * The text of a guest's configuration file (`/etc/pve/nodes/NODE/lxc/101.conf`), also what `extractconfig` answers.
 *
 * Sources: pve-container, `PVE::LXC::Config::parse_pct_config` and `write_pct_config`; qemu-server,
 * `PVE::QemuServer::parse_vm_config` and `write_vm_config`; pve-common, `PVE::Tools::encode_text` and `decode_text`.
 */

/** Values by key, as text, in the file's order. Unknown keys are kept. */
export type ConfigurationKeys = Readonly<Record<string, string>>;

/** One part of the file: the guest itself, its pending changes, or a snapshot. */
export interface ConfigurationSection {
  readonly keys: ConfigurationKeys;
  /**
   * Free text of the guest's notes. A container's ends in a newline, as Proxmox reports it; a virtual machine's does
   * not.
   */
  readonly description?: string;
  /** Containers only: `lxc.*` lines, which may repeat, in order. */
  readonly raw: readonly RawLine[];
}

export interface RawLine {
  readonly key: string;
  readonly value: string;
}

/** Where the archive of a virtual machine has a disk from. */
export interface DumpedDisk {
  /** Key of the drive: `scsi0`. */
  readonly key: string;
  /** Empty when the disk was not on a storage. */
  readonly storage: string;
  readonly format: string;
}

export interface GuestConfiguration extends ConfigurationSection {
  /** By name. */
  readonly snapshots: Readonly<Record<string, ConfigurationSection>>;
  /** Changes that wait for the guest's next start; `delete` in it lists keys that go. */
  readonly pending?: ConfigurationSection;
  /** Virtual machines only: sections that are no snapshots, such as `cloudinit` for `[special:cloudinit]`. */
  readonly special?: Readonly<Record<string, ConfigurationSection>>;
  /** Virtual machines' archives only: the disks whose content is in it. */
  readonly dumpedDisks?: readonly DumpedDisk[];
}

type GuestKind = "lxc" | "qemu";

/** A section while it is read. */
class OpenSection {
  readonly keys = new Map<string, string>();
  readonly raw: RawLine[] = [];
  description = "";

  close(kind: GuestKind): ConfigurationSection {
    const description = kind === "qemu" ? this.description.trimEnd() : this.description;
    return {
      keys: Object.fromEntries(this.keys),
      raw: this.raw,
      ...(description === "" ? {} : { description }),
    };
  }
}

type Heading = { readonly type: "pending" } | { readonly type: "snapshot" | "special"; readonly name: string };

/**
 * Reads a configuration file. Lines that are no `key: value` are skipped, as Proxmox does (with a warning in its log).
 */
export function parseGuestConfiguration(text: string, kind: GuestKind = "lxc"): GuestConfiguration {
  const main = new OpenSection();
  const snapshots = new Map<string, OpenSection>();
  const special = new Map<string, OpenSection>();
  const dumpedDisks: DumpedDisk[] = [];
  let pending: OpenSection | undefined;
  let current = main;
  for (const line of text.split("\n")) {
    const heading = parseHeading(line);
    const dumpedDisk = kind === "qemu" ? parseDumpedDisk(line) : undefined;
    if (heading !== undefined) {
      current = new OpenSection();
      if (heading.type === "pending") {
        pending = current;
      } else {
        (heading.type === "snapshot" ? snapshots : special).set(heading.name, current);
      }
    } else if (dumpedDisk !== undefined) {
      dumpedDisks.push(dumpedDisk);
    } else {
      readLine(current, line, kind);
    }
  }
  return {
    ...main.close(kind),
    snapshots: closeAll(snapshots, kind),
    ...(pending === undefined ? {} : { pending: pending.close(kind) }),
    ...(special.size === 0 ? {} : { special: closeAll(special, kind) }),
    ...(dumpedDisks.length === 0 ? {} : { dumpedDisks }),
  };
}

function closeAll(sections: ReadonlyMap<string, OpenSection>, kind: GuestKind): Record<string, ConfigurationSection> {
  return Object.fromEntries([...sections].map(([name, section]) => [name, section.close(kind)]));
}

/** `[pve:pending]` (virtual machines: `[PENDING]`), `[special:cloudinit]`, or the name of a snapshot. */
function parseHeading(line: string): Heading | undefined {
  if (/^\[(pve:)?pending\]\s*$/i.test(line)) {
    return { type: "pending" };
  }
  const match = /^\[(special:)?([a-z][a-z0-9_-]+)\]\s*$/i.exec(line);
  const name = match?.[2];
  return name === undefined ? undefined : { type: match?.[1] === undefined ? "snapshot" : "special", name };
}

/** vzdump's remark about a disk: `#qmdump#map:scsi0:drive-scsi0:local:raw:`. */
function parseDumpedDisk(line: string): DumpedDisk | undefined {
  const match = /^#qmdump#map:([^:\s]+):[^:\s]*:([^:\s]*):([^:\s]*):/.exec(line);
  const [, key, storage, format] = match ?? [];
  return key === undefined || storage === undefined || format === undefined ? undefined : { key, storage, format };
}

function readLine(section: OpenSection, line: string, kind: GuestKind): void {
  if (line.startsWith("#")) {
    section.description += `${decodeText(line.slice(1))}\n`;
    return;
  }
  const raw = kind === "lxc" ? /^(lxc\.[a-z0-9_\-.]+)(?::|\s*=)\s*(.*?)\s*$/.exec(line) : null;
  if (raw?.[1] !== undefined) {
    section.raw.push({ key: raw[1], value: raw[2] ?? "" });
    return;
  }
  const [, key, value] = /^([a-z][a-z_-]*\d*):\s*(.+?)\s*$/.exec(line) ?? [];
  if (key === undefined || value === undefined) {
    return;
  }
  if (key === "description") {
    // The form of very old files; today's have lines that begin with `#`.
    section.description += decodeText(value);
  } else {
    section.keys.set(key, value);
  }
}

/**
 * Writes a configuration file as Proxmox does: notes first, keys sorted, then pending changes, then snapshots by name.
 *
 * @throws RangeError when a value has a line break: the file would say something else.
 */
export function formatGuestConfiguration(configuration: GuestConfiguration, kind: GuestKind = "lxc"): string {
  const { pending, special = {}, snapshots } = configuration;
  const pendingHeading = kind === "lxc" ? "pve:pending" : "PENDING";
  const sections = [
    ...(pending === undefined ? [] : [formatNamed(pendingHeading, pending)]),
    ...inOrder(special).map(([name, section]) => formatNamed(`special:${name}`, section)),
    ...inOrder(snapshots).map(([name, section]) => formatNamed(name, section)),
  ];
  return formatSection(configuration) + sections.join("");
}

function inOrder<Value>(record: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function formatNamed(heading: string, section: ConfigurationSection): string {
  return `\n[${heading}]\n${formatSection(section)}`;
}

function formatSection(section: ConfigurationSection): string {
  const description = (section.description ?? "").replace(/\n+$/, "");
  const notes = description === "" ? [] : description.split("\n").map((line) => `#${encodeText(line)}`);
  const lines = [...inOrder(section.keys), ...section.raw.map(({ key, value }): [string, string] => [key, value])];
  const settings = lines.map(([key, value]) => {
    if (/[\r\n]/.test(value)) {
      throw new RangeError(`detected invalid newline inside property '${key}'`);
    }
    return `${key}: ${value}`;
  });
  return [...notes, ...settings].map((line) => `${line}\n`).join("");
}

/** Everything but printable ASCII is percent-encoded, and so are `%` and `:`. */
function encodeText(text: string): string {
  return Array.from(text, (character) => (/^[ -$&-9;-~]$/.test(character) ? character : percentEncode(character))).join(
    "",
  );
}

function percentEncode(character: string): string {
  if (character === ":") {
    return "%3A";
  }
  // A half of a character that needs two is no text at all; encodeURIComponent would throw.
  return encodeURIComponent(/[\uD800-\uDFFF]/u.test(character) ? "\uFFFD" : character);
}

/** Leaves what is no valid percent-encoding as it is, byte by byte, as Perl's `uri_unescape` does. */
function decodeText(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}
