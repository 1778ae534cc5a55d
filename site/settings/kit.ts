/** The break-glass file: what somebody needs who has nothing but a laptop and it. */
export interface KitSettings {
  /** A relative path starts at the project's folder. Absent: it is made only when somebody asks for it. */
  readonly file?: string | undefined;
  /** Public keys of age. Empty: it is not encrypted. */
  readonly recipients: readonly string[];
  /** Where a copy of a secret is kept, in words. */
  readonly kept: Readonly<Partial<Record<KeptSecret, string | undefined>>>;
  readonly contacts: readonly string[];
}

/** What somebody has to get from somewhere else. */
export type KeptSecret =
  | "passphrase"
  | "token"
  | "rootPassword"
  | "sshKey"
  | "ageIdentity"
  | "recoveryPassphrase"
  | "offsiteAccount"
  | "repository";
