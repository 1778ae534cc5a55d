import { completeDataSecrets } from "../settings/complete-data";
import type { DataKind, DataSecrets } from "../settings/data";
import { dataSecretsSchema } from "../settings/data-schema";
import type { Environment } from "../settings/environment";
import { parseJson } from "./json";

/** Kinds whose dumps are made by a user of the database. */
const kindsWithPassword: ReadonlySet<DataKind> = new Set(["postgres", "mariadb"]);

/** Sources whose database user has no password in the settings. */
export function lacksPassword({ guests }: Pick<Environment, "guests">, secrets: DataSecrets) {
  return guests.flatMap((guest) =>
    guest.data
      .filter(({ kind, name }) => kindsWithPassword.has(kind) && secrets[guest.name]?.[name]?.password === undefined)
      .map(({ name }) => ({ guest: guest.name, source: name })),
  );
}

/** The decrypted text of `lifeboat:dataSecrets`; undefined when it is none. What is wrong stays unsaid: it would be shown with the secrets around it. */
export function parseDataSecrets(text: string): DataSecrets | undefined {
  const parsed = dataSecretsSchema.safeParse(parseJson(text));
  return parsed.success ? completeDataSecrets(parsed.data) : undefined;
}
