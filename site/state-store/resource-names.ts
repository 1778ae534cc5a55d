/**
 * Pulumi's types and names of what a state store is made of, without Pulumi: the components register under them, and an
 * import file names them.
 */

export const stateStoreComponents = {
  store: "lifeboat:stateStore:StateStore",
  bucket: "lifeboat:stateStore:StateBucket",
  recovery: "lifeboat:stateStore:RecoveryBucket",
  identity: "lifeboat:stateStore:StoreIdentity",
  offsite: "lifeboat:stateStore:OffsiteTimer",
  hostKey: "lifeboat:stateStore:HostKey",
} as const;

/** Types of the providers' resources. */
export const stateStoreTypes = {
  rules: "proxmoxve:firewall/rulesLegacy:RulesLegacy",
  firewall: "proxmoxve:firewall/optionsLegacy:OptionsLegacy",
  binary: "command:remote:CopyToRemote",
  server: "command:remote:Command",
  offsite: "command:remote:Command",
  bucket: "minio:index/s3Bucket:S3Bucket",
  versioning: "minio:index/s3BucketVersioning:S3BucketVersioning",
  lifecycle: "minio:index/ilmPolicy:IlmPolicy",
  user: "minio:index/iamUser:IamUser",
  policy: "minio:index/iamPolicy:IamPolicy",
  attachment: "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment",
} as const;

/** Name of the one store of a stack. */
export const storeName = "state-store";

/** Name of the provider that makes buckets and identities. */
export const storeProviderName = "state-store";

/** Name of the identity that copies. No environment's bucket can have this name: those begin with `state-`. */
export const copierResource = "states-copier";

/** Name of what an environment has in the store. */
export function bucketResource(environmentName: string): string {
  return `state-${environmentName}`;
}

/** Name of a resource in one of the components. */
export function childName(component: string, role: keyof typeof stateStoreTypes): string {
  return `${component}-${role}`;
}

/** Name of the component of an environment's reader. */
export function readerResource(environmentName: string): string {
  return `${bucketResource(environmentName)}-reader`;
}
