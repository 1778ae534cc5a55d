import { shellCredential, tokenSource } from "../../../site/settings/credentials";
import type { KeptSecret, KitSettings } from "../../../site/settings/environment";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";

/** A secret that a recovery needs. Never the secret itself. */
export interface NeededSecret {
  readonly name: string;
  /** What it opens, or what cannot be done without it. */
  readonly opens: string;
  /** Where the program looks for it. */
  readonly given: string;
  /** Where a copy is kept, in the words of the settings; undefined: they do not say. */
  readonly kept: string | undefined;
}

/** Everything that is in no settings in a form that can be used. */
export function neededSecrets(
  environments: readonly LoadedEnvironment[],
  { kept = {} }: Partial<Pick<KitSettings, "kept">>,
  { io }: Pick<CommandContext, "io">,
): NeededSecret[] {
  const secret = (key: KeptSecret, name: string, opens: string, given: string): NeededSecret => ({
    name,
    opens,
    given,
    kept: kept[key],
  });
  const anyGuest = environments.flatMap(({ settings }) => settings.guests);
  const isEncrypted = anyGuest.some(({ data }) => data.some(({ recipients }) => recipients.length > 0));
  const ofArchives = environments.filter(({ settings }) =>
    settings.guests.some(({ data }) => data.some((one) => one.kind === "postgres" && one.pointInTime !== undefined)),
  );
  const isOffsite = environments.some(({ settings }) => settings.offsite !== undefined);
  return [
    secret(
      "passphrase",
      "Pulumi's passphrase",
      "every secret in the settings files (tokens, keys, passwords) and the states. Without it the settings still say where everything lies, and archives of guests can be restored by hand",
      "PULUMI_CONFIG_PASSPHRASE_FILE: a file with it",
    ),
    ...environments.map((environment) =>
      secret(
        "token",
        `API token of ${environment.name}`,
        "whatever Lifeboat asks of the nodes; root on a node makes another",
        tokenPlace(environment, io),
      ),
    ),
    secret(
      "rootPassword",
      "password of root on the nodes",
      "the nodes themselves, where everything below can be done by hand",
      "asked for by the node",
    ),
    secret("sshKey", "private key of SSH", "reading archives on nodes, and proving guests", keyPlaces(environments)),
    ...(isEncrypted
      ? [
          secret(
            "ageIdentity",
            "identity of age",
            "dumps of databases and files: nothing else opens them",
            "LIFEBOAT_AGE_IDENTITY_FILE, or --identity",
          ),
        ]
      : []),
    ...ofArchives.map((environment) =>
      secret(
        "recoveryPassphrase",
        `passphrases of WAL in ${environment.name}`,
        "what PostgreSQL clusters have archived for point-in-time recovery: nothing else opens it, and nobody can make them again",
        `lifeboat:dataSecrets in Pulumi.${environment.name}.yaml, encrypted with the passphrase`,
      ),
    ),
    ...(isOffsite
      ? [
          secret(
            "offsiteAccount",
            "account of the S3 service elsewhere",
            "new keys for the bucket, where the settings are lost or the keys were stolen",
            "signing in there",
          ),
        ]
      : []),
  ];
}

function tokenPlace(environment: LoadedEnvironment, { environment: variables }: CommandContext["io"]): string {
  if (environment.holds(tokenSource.setting))
    return `in Pulumi.${environment.name}.yaml, encrypted with the passphrase`;
  const shell = shellCredential(tokenSource, environment.name, variables);
  return shell === undefined ? `${tokenSource.fileVariable}: a file with it` : `the variable ${shell.variable}`;
}

function keyPlaces(environments: readonly LoadedEnvironment[]): string {
  const files = environments.flatMap((environment) => {
    const { ssh, proxmox } = environment.settings;
    return [ssh.identity, proxmox.ssh?.identity].flatMap((file) =>
      file === undefined ? [] : [environment.path(file)],
    );
  });
  return files.length === 0 ? "what ssh chooses by itself" : [...new Set(files)].join(", ");
}
