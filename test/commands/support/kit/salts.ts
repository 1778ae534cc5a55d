import crypto from "node:crypto";
import { wrap } from "./wrap";

/** Bytes of the salt of a passphrase. */
const saltLength = 8;

/** Salts that a project was given, by its folder. */
const given = new Map<string, number>();

/**
 * The first salt of each project is the same, the second is another: deriving a key takes as long as hundreds of requests, and
 * those that this process has derived are remembered.
 *
 * @param projectOf the folder of the project whose command runs; undefined: none, and salts are what they are.
 */
export function installSalts(projectOf: () => string | undefined): void {
  wrap(crypto, "randomBytes", (original, self, words) => {
    const project = projectOf();
    if (project === undefined || words[0] !== saltLength) return Reflect.apply(original, self, words);
    const number = (given.get(project) ?? 0) + 1;
    given.set(project, number);
    return crypto.createHash("sha256").update(`salt ${number}`).digest().subarray(0, saltLength);
  });
}
