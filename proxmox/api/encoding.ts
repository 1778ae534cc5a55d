/** A value of a parameter. Booleans are sent as 1 and 0 (Proxmox refuses `yes` and `true`), lists as repeated parameters. */
export type ParameterValue = string | number | boolean | readonly (string | number)[];

/** Parameters of a request; what is undefined is not sent. */
export type Parameters = Readonly<Record<string, ParameterValue | undefined>>;

/** Parts of a path below `/api2/json`, each sent percent-encoded. */
export type Path = readonly (string | number)[];

/**
 * Percent-encodes everything but letters, digits and `-._~`.
 *
 * Proxmox cuts a form value at a second raw `=`, without an error, and takes `+` for a space; `encodeURIComponent` alone
 * leaves `!'()*`, which user names with a token (`root@pam!name`) hold.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The path of a request, such as `/nodes/pve/lxc/101`.
 *
 * @throws RangeError for a part that is empty or a dot name: URLs fold these, so another path would be asked.
 */
export function encodePath(path: Path): string {
  const parts = path.map(String);
  for (const part of parts) {
    if (part === "" || part === "." || part === "..") throw new RangeError(`'${part}' cannot be a part of a path.`);
  }
  return parts.map((part) => `/${percentEncode(part)}`).join("");
}

/** Parameters as a query or a form: `name=value&name=value`. */
export function encodeParameters(parameters: Parameters): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    for (const single of valuesOf(value)) pairs.push(`${percentEncode(name)}=${percentEncode(single)}`);
  }
  return pairs.join("&");
}

function valuesOf(value: ParameterValue | undefined): string[] {
  if (value === undefined) return [];
  if (typeof value === "boolean") return [value ? "1" : "0"];
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return value.map(String);
}
