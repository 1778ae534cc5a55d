import * as pulumi from "@pulumi/pulumi";

/** How to log in to a guest over SSH. */
export interface GuestLogin {
  /** Any other than root needs `sudo` without a password. */
  readonly user: string;
  /** Text of the private key. Secret. Absent: the provider asks the agent (`SSH_AUTH_SOCK`). */
  readonly privateKey?: string | undefined;
  /** `HostKey.key`: whoever shows another one gets nothing. */
  readonly hostKey: pulumi.Input<string>;
}

/** How the provider logs in. The server of a guest that has just been started takes a moment. */
export function connectionTo(host: string, { user, privateKey, hostKey }: GuestLogin) {
  const key = privateKey === undefined ? {} : { privateKey: pulumi.secret(privateKey) };
  return { host, user, ...key, hostKey, dialErrorLimit: 20, perDialTimeout: 15 };
}

/** What a script prints that is given secrets. The provider calls no output a secret, whatever went in. */
export const printed = ["stdout", "stderr"] as const;

/** Where a file is sent that an installation takes from there. */
export function incomingPath({ user }: Pick<GuestLogin, "user">, name: string): string {
  return `${user === "root" ? "/root" : "/var/tmp"}/${name}`;
}

/** Runs a script from standard input as root. */
export function rootShell({ user }: Pick<GuestLogin, "user">): string {
  return `${user === "root" ? "" : "sudo -n "}sh -s`;
}
