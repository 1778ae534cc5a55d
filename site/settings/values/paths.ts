/** What a path looks like, for messages. */
export const pathFormat = "an absolute path of letters, digits and _ . - + @, without . or .. as a part, such as /srv";

/**
 * An absolute path that can stand in Proxmox's property strings and in a mount table without quoting: no comma, colon,
 * space, quote or shell character. A slash at the end is dropped.
 *
 * @returns undefined for anything else, also for `/` itself.
 */
export function parsePath(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > 512) return undefined;
  const path = raw.endsWith("/") ? raw.slice(0, -1) : raw;
  if (!/^(\/[A-Za-z0-9_.@+-]+)+$/.test(path)) return undefined;
  return path.split("/").some((part) => part === "." || part === "..") ? undefined : path;
}
