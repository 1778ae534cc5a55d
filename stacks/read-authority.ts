import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";

/**
 * The PEM text of a CA that the settings name.
 *
 * @param setting for messages: `lifeboat:offsite.ca`
 * @throws pulumi.RunError where it cannot be read
 */
export function readAuthority(file: string, setting: string): string {
  try {
    return readFileSync(resolve(pulumi.getRootDirectory(), file), "utf8");
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw refusal(`Unable to read the CA of ${setting}: ${cause}`);
  }
}
