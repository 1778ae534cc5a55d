/** What a web address is, for messages. */
export const webAddressFormat = "http://HOST/PATH or https://HOST/PATH";

/**
 * A web address as it may stand in settings, and as the services take it, which are written in Go: they refuse one without a host, or
 * with a `%` that begins no escape. Quotes and blanks would need escaping in a file of settings; a `$` there means something of its own.
 *
 * @returns undefined for what is none
 */
export function parseWebAddress(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > 2048 || !/^https?:\/\/[^/?#][\x21-\x7e]*$/.test(raw)) return undefined;
  return /["'\\<>`]|%(?![0-9A-Fa-f]{2})/.test(raw) || !URL.canParse(raw) ? undefined : raw;
}
