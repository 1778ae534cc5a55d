/**
 * The `lifeboat:*` keys as `parseSettings` wants them, from Pulumi's own form: every value is text, and what is not a
 * plain value is JSON.
 *
 * @param config all keys with their namespace: `{ "lifeboat:guests": "{\"web\":…}" }`
 */
export function fromPulumiConfig(config: Readonly<Record<string, string>>): Record<string, unknown> {
  const own = Object.entries(config).filter(([key]) => key.startsWith("lifeboat:"));
  return Object.fromEntries(own.map(([key, text]) => [key.slice("lifeboat:".length), decode(text)]));
}

/** Text that only looks like JSON stays text: the schema then says what is wrong with it. */
function decode(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
