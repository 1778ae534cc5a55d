import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { GuestLogin } from "../components/install/connection";
import { refusal } from "../components/refusal";
import type { Environment } from "../site/settings/environment";
import { readNamedFile } from "./read-named-file";

/** Where OpenSSH looks by itself, in its order. */
const usualKeys = ["id_ed25519", "id_ecdsa", "id_rsa"];

/**
 * How the program logs in to guests: with the key that the settings name, or with an agent, or with the user's own key. The
 * provider takes the text of a key and knows nothing of OpenSSH's settings.
 *
 * @throws pulumi.RunError when there is no key, or the one that is named cannot be read
 */
export function guestLogin({ name, ssh }: Environment): Omit<GuestLogin, "hostKey"> {
  if (ssh.identity !== undefined) return { user: ssh.user, privateKey: readKey(ssh.identity) };
  if ((process.env["SSH_AUTH_SOCK"] ?? "") !== "") return { user: ssh.user };
  const usual = usualKeys.map((file) => join(homedir(), ".ssh", file)).find((file) => existsSync(file));
  if (usual !== undefined) return { user: ssh.user, privateKey: readKey(usual) };
  throw refusal(
    `Unable to log in to guests of ${name}: no SSH key\nHINT: name one with lifeboat:ssh.identity, or start an agent (SSH_AUTH_SOCK)`,
  );
}

function readKey(file: string): string {
  const key = readNamedFile(file, "the SSH key of lifeboat:ssh");
  if (key.includes("PRIVATE KEY")) return key;
  const path = resolve(pulumi.getRootDirectory(), file);
  throw refusal(`Unable to use the SSH key of lifeboat:ssh: ${path} is no private key`);
}
