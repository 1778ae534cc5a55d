/** Passwords and token secrets: the state holds what proves them, never the secrets themselves. */
import { createHash, randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import type { TokenEntry, UserEntry } from "./state";

/** Cheap on purpose: a site of tests is made by the hundred, and its passwords guard nothing. */
const work = { cost: 2 ** 10 };

export function hashPassword(password: string): NonNullable<UserEntry["password"]> {
  const salt = randomBytes(16).toString("hex");
  return { salt, hash: scryptSync(password, salt, 32, work).toString("hex") };
}

export function isPasswordOf(user: UserEntry, password: string): boolean {
  if (user.password === undefined) return false;
  const { salt, hash } = user.password;
  return timingSafeEqual(scryptSync(password, salt, 32, work), Buffer.from(hash, "hex"));
}

export function hashTokenSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

export function isSecretOf(token: TokenEntry, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hashTokenSecret(secret), "hex"), Buffer.from(token.secretHash, "hex"));
}
