import type { Environment } from "../site/settings/environment";

/** Names of guests that a variable holds, with commas between them: what somebody consents to for one run. */
export function guestsNamedBy(variable: string): string[] {
  const names = (process.env[variable] ?? "").split(",").map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** A name that is misspelt would be found out only by the refusal. */
export function unknownGuests(variable: string, { name, guests }: Environment): string[] {
  const unknown = guestsNamedBy(variable).filter((one) => !guests.some((guest) => guest.name === one));
  return unknown.map((one) => `${variable} names ${one}, which is no guest of ${name}`);
}
