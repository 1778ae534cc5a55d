import { at, isMapping } from "../settings/schema-tools";
import type { NodeMapping } from "./node-mapping";

/** A text of the settings that names the old node, or a storage of it. */
export interface SettingChange {
  /** Keys from `config` down, positions in lists among them. */
  readonly path: readonly (string | number)[];
  readonly from: string;
  readonly to: string;
}

type Path = SettingChange["path"];
type Rename = (text: string) => string | undefined;

/**
 * What has to change in the settings of an environment for the node that stands in for another one. Storages are renamed only where
 * they are the old node's: those of a guest elsewhere, and of an environment at home elsewhere, keep their names. Restores that a
 * request stands for stay what they were: they have been carried out. So do templates and images: they are files from which a guest
 * was made once, and a node may well have them where the old one had, and disks elsewhere.
 *
 * @param config as the file has it, with `lifeboat:` before each key
 */
export function settingChanges(config: unknown, mapping: NodeMapping): SettingChange[] {
  const { nodes, storages } = mapping;
  const node: Rename = (text) => nodes.get(text);
  const storage: Rename = (text) => storages.get(text);
  const home = textAt(config, ["lifeboat:proxmox", "node"]);
  const isHome = home !== undefined && nodes.has(home);
  const backup: Path = ["lifeboat:backup", "storage"];
  const wanted: (readonly [Path, Rename])[] = [
    [["lifeboat:proxmox", "node"], node],
    ...keysAt(config, [...backup, "nodes"]).map((key) => [[...backup, "nodes", key], node] as const),
    ...(isHome
      ? ([
          [[...backup, "id"], storage],
          [["lifeboat:drill", "storage"], storage],
        ] as const)
      : []),
    ...keysAt(config, ["lifeboat:guests"]).flatMap((name) => {
      const guest: Path = ["lifeboat:guests", name];
      const own = textAt(config, [...guest, "node"]) ?? home;
      if (own === undefined || !nodes.has(own)) return [];
      const disks = keysAt(config, [...guest, "disks"]).map((key): Path => [...guest, "disks", key]);
      return [
        [[...guest, "node"], node] as const,
        ...[[...guest, "root"], [...guest, "cloudInit"], ...disks].map(
          (path) => [[...path, "storage"], storage] as const,
        ),
      ];
    }),
  ];
  return wanted.flatMap(([path, rename]) => {
    const from = textAt(config, path);
    const to = from === undefined ? undefined : rename(from);
    return from === undefined || to === undefined || to === from ? [] : [{ path, from, to }];
  });
}

function valueAt(config: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof key === "string") return at(value, key);
    return Array.isArray(value) ? value[key] : undefined;
  }, config);
}

function textAt(config: unknown, path: Path): string | undefined {
  const value = valueAt(config, path);
  return typeof value === "string" ? value : undefined;
}

function keysAt(config: unknown, path: Path): (string | number)[] {
  const value = valueAt(config, path);
  if (Array.isArray(value)) return [...value.keys()];
  return isMapping(value) ? Object.keys(value) : [];
}
