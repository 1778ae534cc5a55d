/** What an endpoint looks like, for messages. */
export const endpointFormat = "https://HOST:PORT, such as https://192.0.2.11:8006";

/**
 * An address of a server: `https`, host and port, without user, path or query. A slash at the end is dropped.
 *
 * @returns undefined for anything else.
 */
export function parseEndpoint(raw: unknown): string | undefined {
  if (typeof raw !== "string" || !/^https:\/\/[A-Za-z0-9.:[\]-]+\/?$/.test(raw) || !URL.canParse(raw)) return undefined;
  const { host, hostname } = new URL(raw);
  return hostname === "" ? undefined : `https://${host}`;
}

/** `https://192.0.2.132:9000`; an IPv6 address gets its brackets. */
export function formatEndpoint(host: string, port: number): string {
  return `https://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}
