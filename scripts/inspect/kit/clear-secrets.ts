import type { Environment } from "../../../site/settings/environment";

/** What stands for an encrypted secret in settings that nobody has opened. */
const sealed = "[secret]";

/** Keys of the settings that hold a secret in the clear: one that is encrypted as a whole is not in them at all. */
export function clearSecrets(settings: Environment): string[] {
  const { proxmoxToken, proxmoxRootPassword, stateStoreKeys, stateStoreOffsiteKey } = settings;
  const { stateKey, monitoringSecrets, offsiteKeys, dataSecrets, backup } = settings;
  const { password, encryptionKey } = { password: undefined, encryptionKey: undefined, ...backup.storage };
  const secrets = {
    proxmoxToken,
    proxmoxRootPassword,
    stateStoreKeys,
    stateStoreOffsiteKey,
    stateKey,
    monitoringSecrets,
    offsiteKeys,
    dataSecrets,
    "backup.storage.password": password,
    "backup.storage.encryptionKey": encryptionKey,
  };
  return Object.entries(secrets).flatMap(([key, value]) => (isClear(value) ? [key] : []));
}

/** The name of a key of S3 is none. */
function isClear(value: unknown): boolean {
  if (typeof value === "string") return value !== "" && value !== sealed;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => key !== "accessKey" && isClear(inner));
}
