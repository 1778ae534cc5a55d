/** A section of `storage.cfg` or `domains.cfg`. */
export interface ConfigurationSection {
  /** `dir`, `nfs`, `ldap` */
  readonly type: string;
  readonly id: string;
  /** In the order of the file. A key that stands alone is switched on: `1`. */
  readonly properties: ReadonlyMap<string, string>;
}

/** A file of sections as it was read. */
export interface SectionConfiguration {
  readonly sections: readonly ConfigurationSection[];
  /** Lines that are none of a section, and names that no section has. */
  readonly unread: readonly string[];
}

const head = /^([a-z][a-z0-9]*):\s*([A-Za-z][A-Za-z0-9._-]*)\s*$/u;
const property = /^\s+([a-z][a-z0-9_-]*)(?:\s+(.*\S))?\s*$/u;

/** What Proxmox's files of sections say: `dir: local`, and below it a key and a value on each line. */
export function parseSections(text: string): SectionConfiguration {
  const sections: { type: string; id: string; properties: Map<string, string> }[] = [];
  const unread: string[] = [];
  let open: Map<string, string> | undefined;
  for (const line of text.split("\n")) {
    if (/^\s*(?:#.*)?$/u.test(line)) continue;
    const [, type, id] = head.exec(line) ?? [];
    const [, key, value = "1"] = property.exec(line) ?? [];
    if (type !== undefined && id !== undefined) {
      open = new Map();
      sections.push({ type, id, properties: open });
    } else if (key !== undefined && open !== undefined) open.set(key, value);
    else {
      // What stands below a name that is none belongs to no other section.
      if (/^\S/u.test(line)) open = undefined;
      unread.push(line);
    }
  }
  return { sections, unread };
}
