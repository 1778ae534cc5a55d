/**
 * Variables that the plugins of the providers read for what a program does not say, by their source: `proxmoxtf/provider/provider.go`
 * and `fwprovider/provider.go` of bpg's provider, `minio/provider.go` of aminueza's. One of them switches the verification of
 * certificates off, and a token goes before the password that the program has given.
 */
const ofProxmox = [
  "INSECURE",
  "MIN_TLS",
  "API_TOKEN",
  "AUTH_TICKET",
  "CSRF_PREVENTION_TOKEN",
  "USERNAME",
  "PASSWORD",
  "OTP",
];
const ofMinio = ["INSECURE", "ACCESS_KEY", "SECRET_KEY", "SESSION_TOKEN", "CACERT_FILE", "CERT_FILE", "KEY_FILE"];

const known: ReadonlySet<string> = new Set([
  ...["PROXMOX_VE", "PM_VE"].flatMap((prefix) => ofProxmox.map((name) => `${prefix}_${name}`)),
  ...ofMinio.map((name) => `MINIO_${name}`),
]);

/** Whether a plugin of a provider may read a variable: also one that only a later version knows. */
export function isForProviders(name: string): boolean {
  return /^(?:PROXMOX_VE|PM_VE|MINIO)_/u.test(name);
}

/** Those that are set and would have a provider verify nobody, or use another credential than the program's. */
export function misleadingVariables(variables: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(variables)
    .filter((name) => known.has(name) && (variables[name] ?? "") !== "")
    .sort();
}
