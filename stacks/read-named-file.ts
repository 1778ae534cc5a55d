import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";

/**
 * The text of a file that the settings name.
 *
 * @param file a relative path starts at the project's folder
 * @param what for messages: `the CA of lifeboat:offsite.ca`
 * @throws pulumi.RunError where it cannot be read
 */
export function readNamedFile(file: string, what: string): string {
  try {
    return readFileSync(resolve(pulumi.getRootDirectory(), file), "utf8");
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw refusal(`Unable to read ${what}: ${cause}`);
  }
}
