/**
 * The text of a guest's configuration file (`/etc/pve/nodes/NODE/lxc/101.conf`), also what `extractconfig` answers.
 *
 * Sources: pve-container, `PVE::LXC::Config::parse_pct_config` and `write_pct_config`; qemu-server,
 * `PVE::QemuServer::parse_vm_config` and `write_vm_config`.
 */

/** Values by key, as text, in the file's order. Unknown keys are kept. */
export type ConfigurationKeys = Readonly<Record<string, string>>;

/** One part of the file: the guest itself, its pending changes, or a snapshot. */
export interface ConfigurationSection {
  readonly keys: ConfigurationKeys;
  /** Free text of the guest's notes; lines end in a newline. */
  readonly description?: string;
  /** Containers only: `lxc.*` lines, which may repeat, in order. */
  readonly raw: readonly RawLine[];
}

export interface RawLine {
  readonly key: string;
  readonly value: string;
}

export interface GuestConfiguration extends ConfigurationSection {
  /** By name. */
  readonly snapshots: Readonly<Record<string, ConfigurationSection>>;
  /** Changes that wait for the guest's next start; `delete` in it lists keys that go. */
  readonly pending?: ConfigurationSection;
  /** Virtual machines only: `[special:cloudinit]`, what the cloud-init drive was made from. */
  readonly cloudInit?: ConfigurationSection;
}

/** Reads a configuration file. Lines that are no `key: value` are skipped, as Proxmox does (with a warning in its log). */
export function parseGuestConfiguration(text: string): GuestConfiguration {
  throw new Error(`follows ${text}`);
}

/** Writes a configuration file as Proxmox does: notes first, keys sorted, then pending changes, then snapshots by name. */
export function formatGuestConfiguration(configuration: GuestConfiguration): string {
  throw new Error(`follows ${Object.keys(configuration.keys).length}`);
}
