import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exporterGroup } from "../../../proxmox/rules/exporter-privileges";
import { parse } from "yaml";
import * as z from "zod";

/** What the settings of a project declare that decides what a site for it needs. */
export interface DeclaredNeeds {
  backupStorages: string[];
  declaresStorage: boolean;
  pools: string[];
  /** The exporter's group, where the settings ask for its tokens. */
  tokenGroups: string[];
  /** Whether a guest is a virtual machine. */
  machines: boolean;
}

const settingsSchema = z.object({
  config: z.object({
    "lifeboat:backup": z.object({ storage: z.object({ id: z.string(), adopt: z.boolean().optional() }) }).optional(),
    "lifeboat:exporterTokens": z.array(z.unknown()).optional(),
    "lifeboat:guests": z
      .record(z.string(), z.object({ pool: z.string().optional(), kind: z.string().optional() }))
      .optional(),
  }),
});

/** Reads every `Pulumi.<env>.yaml`; one that is not as it should be counts as empty here, and is `lifeboat`'s to refuse. */
export function declaredNeeds(projectFolder: string): DeclaredNeeds {
  const files = readdirSync(projectFolder).filter((name) => /^Pulumi\..+\.ya?ml$/.test(name));
  const configs = files.flatMap((name) => {
    const parsed = settingsSchema.safeParse(parse(readFileSync(join(projectFolder, name), "utf8")));
    return parsed.success ? [parsed.data.config] : [];
  });
  const storages = configs.flatMap((config) => config["lifeboat:backup"]?.storage ?? []);
  const guests = configs.flatMap((config) => Object.values(config["lifeboat:guests"] ?? {}));
  return {
    backupStorages: [...new Set(storages.map(({ id }) => id))],
    declaresStorage: storages.some(({ adopt }) => adopt !== true),
    pools: [...new Set(guests.flatMap(({ pool }) => pool ?? []))],
    tokenGroups: configs.some((config) => config["lifeboat:exporterTokens"]?.length) ? [exporterGroup] : [],
    machines: guests.some(({ kind }) => kind === "virtual-machine"),
  };
}
