import { tokenSchema } from "./proxmox-schema";
import { entries, mapping, optional, text } from "./schema-tools";
import { keyPairSchema, privateKey, stackName } from "./state-keys-schema";
import { guestName } from "./values/names";

/** No control character: it stands in one line of a file. */
const secretLine = text("a secret", "one line of 1 to 2048 printable characters", /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u, 2048);

/** `lifeboat:monitoringSecrets`, decrypted. */
export const monitoringSecretsSchema = mapping({
  /** Password of Grafana's user `admin`: 12 characters or more. */
  grafanaPassword: optional(
    text("a password", "12 to 255 printable characters without spaces", /^[\x21-\x7e]{12,255}$/),
  ),
  /** Private key of the authority that signs Grafana's certificate, with `listen: tls`. */
  authorityKey: optional(privateKey),
  /** Private key of Grafana's certificate, with `listen: tls`. */
  serverKey: optional(privateKey),
  /** What a receiver needs, by its name: a webhook's address, a mail server's password, ntfy's access token, a bot's token. */
  receivers: optional(entries("secrets", guestName, secretLine)),
  /**
   * Key that reads the second S3 service (`copies.offsite` of `lifeboat:stateStore`) and cannot write there, where this environment
   * makes the state store. Without it nobody tells of a copy of the state that is too old.
   */
  offsiteKey: optional(keyPairSchema),
  /** API tokens with which the exporter looks, by the names of their environments. */
  tokens: optional(entries("tokens", stackName, tokenSchema)),
});

export type MonitoringSecretsEntry = ReturnType<typeof monitoringSecretsSchema.parse>;
