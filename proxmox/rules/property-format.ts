/**
 * The frame of Proxmox's property strings, such as `local:8,mp=/data,backup=1`: reading, checking and writing them by a
 * table of what they may hold.
 *
 * Source: pve-common, `PVE::JSONSchema::parse_property_string`, `print_property_string` and `check_prop`.
 */

/** A property string that Proxmox would refuse. The message is the one behind Proxmox's `invalid format - `. */
export class PropertyStringError extends Error {
  override readonly name = "PropertyStringError";
  /** One text per wrong property, under `mp0.size` and the like; empty when the string cannot be taken apart at all. */
  readonly problems: ReadonlyMap<string, string>;

  constructor(message: string, problems: ReadonlyMap<string, string> = new Map()) {
    super(message);
    this.problems = problems;
  }
}

/** What a property may hold. A `check` returns what is wrong with a value, undefined when nothing is. */
export type PropertyType =
  | { readonly type: "boolean" }
  | { readonly type: "integer" | "number"; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: "size" }
  | { readonly type: "choice"; readonly choices: readonly string[] }
  | { readonly type: "text"; readonly check?: (value: string) => string | undefined };

/** What a kind of property string may hold. */
export interface PropertyFormat {
  /** The property whose name may be left out. */
  readonly defaultKey?: string;
  readonly properties: Readonly<Record<string, PropertyType>>;
  readonly required: readonly string[];
  /** Other names of properties, `volume` for `file`. */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * `virtio=BC:24:…` for `model=virtio,macaddr=BC:24:…`: any of `names` sets the property `key` to itself and `value`
   * to its value.
   */
  readonly combined?: { readonly names: readonly string[]; readonly key: string; readonly value: string };
}

/**
 * `keep` accepts properties that this program does not know: a restore must not fail because Proxmox has learned an
 * option.
 */
export type UnknownProperties = "refuse" | "keep";

/**
 * Splits a property string without looking at the meaning. The part without a name is stored under `defaultKey`.
 *
 * @throws PropertyStringError on a name that comes twice, and on a part without a name where none may be left out.
 */
export function parsePropertyString(text: string, defaultKey?: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const part of text.split(",").filter((part) => part.trim() !== "")) {
    const separator = part.indexOf("=");
    const key = separator === -1 ? defaultKey : part.slice(0, separator);
    if (key === undefined) {
      throw new PropertyStringError("value without key, but schema does not define a default key");
    }
    const value = part.slice(separator + 1);
    if (key === "" || value === "") {
      throw new PropertyStringError("missing key in comma-separated list property");
    }
    if (properties.has(key)) {
      throw new PropertyStringError(`duplicate key in comma-separated list property: ${key}`);
    }
    properties.set(key, value);
  }
  return properties;
}

/**
 * Reads a property string and checks it. Other names are replaced by the proper ones, booleans by `1` and `0`.
 *
 * @param path name of the option that holds the string, `mp0`, for messages.
 * @throws PropertyStringError
 */
export function readProperties(
  format: PropertyFormat,
  path: string,
  text: string,
  unknown: UnknownProperties = "refuse",
): Map<string, string> {
  const properties = new Map<string, string>();
  const set = (key: string, value: string): void => {
    if (properties.has(key)) {
      throw new PropertyStringError(`duplicate key in comma-separated list property: ${key}`);
    }
    const isBoolean = propertyType(format, key)?.type === "boolean";
    properties.set(key, (isBoolean ? parseBoolean(value) : undefined) ?? value);
  };
  for (const [name, value] of parsePropertyString(text, format.defaultKey)) {
    if (format.combined?.names.includes(name) === true) {
      set(format.combined.key, name);
      set(format.combined.value, value);
      continue;
    }
    const key = format.aliases?.[name] ?? name;
    if (unknown === "refuse" && propertyType(format, key) === undefined) {
      throw new PropertyStringError(`invalid key in comma-separated list property: ${name}`);
    }
    set(key, value);
  }
  checkProperties(format, path, properties, unknown);
  return properties;
}

/**
 * Writes a property string in Proxmox's order: the property without a name, then the required ones, then the rest by
 * name.
 *
 * @throws PropertyStringError when a value is missing or wrong.
 */
export function writeProperties(
  format: PropertyFormat,
  path: string,
  properties: ReadonlyMap<string, string>,
  unknown: UnknownProperties = "refuse",
): string {
  checkProperties(format, path, properties, unknown);
  const { combined, defaultKey } = format;
  const combinedValue = combined === undefined ? undefined : properties.get(combined.value);
  const rank = (key: string): number => (key === defaultKey ? 0 : format.required.includes(key) ? 1 : 2);
  const keys = [...properties.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return keys
    .filter((key) => combinedValue === undefined || key !== combined?.value)
    .map((key) => {
      const value = properties.get(key) ?? "";
      if (key === combined?.key && combinedValue !== undefined) {
        return `${value}=${combinedValue}`;
      }
      const written = propertyType(format, key)?.type === "size" ? rewriteSize(value) : value;
      return key === defaultKey ? written : `${key}=${written}`;
    })
    .join(",");
}

/** Own properties only: a name such as `constructor` is unknown like any other. */
function propertyType(format: PropertyFormat, key: string): PropertyType | undefined {
  return Object.hasOwn(format.properties, key) ? format.properties[key] : undefined;
}

function checkProperties(
  format: PropertyFormat,
  path: string,
  properties: ReadonlyMap<string, string>,
  unknown: UnknownProperties,
): void {
  const problems = new Map<string, string>();
  for (const key of format.required) {
    if (!properties.has(key)) {
      problems.set(`${path}.${key}`, "property is missing and it is not optional");
    }
  }
  for (const [key, value] of properties) {
    const problem = problemOf(propertyType(format, key), value, unknown);
    if (problem !== undefined) {
      problems.set(`${path}.${key}`, problem);
    }
  }
  if (problems.size > 0) {
    const lines = [...problems].map(([property, problem]) => `${property}: ${problem}`).sort();
    throw new PropertyStringError(["format error", ...lines].join("\n"), problems);
  }
}

function problemOf(type: PropertyType | undefined, value: string, unknown: UnknownProperties): string | undefined {
  if (/[,\n]/.test(value)) {
    return "value must not hold a comma or a line break";
  }
  switch (type?.type) {
    case undefined:
      return unknown === "keep" ? undefined : notDefined;
    case "boolean":
      return parseBoolean(value) === undefined ? `type check ('boolean') failed - got '${value}'` : undefined;
    case "integer":
    case "number":
      return numberProblem(type, value);
    case "size":
      return parseSize(value) === undefined ? `invalid format - unable to parse disk size '${value}'` : undefined;
    case "choice":
      return type.choices.includes(value)
        ? undefined
        : `value '${value}' does not have a value in the enumeration '${type.choices.join(", ")}'`;
    case "text":
      return type.check?.(value);
  }
}

const notDefined = "property is not defined in schema and the schema does not allow additional properties";

function numberProblem(
  type: { readonly type: "integer" | "number"; readonly minimum?: number; readonly maximum?: number },
  value: string,
): string | undefined {
  const pattern = type.type === "integer" ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  if (!pattern.test(value)) {
    return `type check ('${type.type}') failed - got '${value}'`;
  }
  if (type.minimum !== undefined && Number(value) < type.minimum) {
    return `value must have a minimum value of ${type.minimum}`;
  }
  return type.maximum !== undefined && Number(value) > type.maximum
    ? `value must have a maximum value of ${type.maximum}`
    : undefined;
}

/**
 * `1` or `0` for the words that Proxmox takes as a boolean inside a property string. Source:
 * `PVE::JSONSchema::parse_boolean`.
 */
function parseBoolean(text: string): "1" | "0" | undefined {
  if (/^(1|on|yes|true)$/i.test(text)) {
    return "1";
  }
  return /^(0|off|no|false)$/i.test(text) ? "0" : undefined;
}

const units = ["", "K", "M", "G", "T"] as const;

/**
 * Bytes of `8G`, `512M`, `1.5T`, `4096`; parts of a byte are dropped. Undefined when it is not a size. Source:
 * `parse_size`.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const exponent = units.findIndex((unit) => unit === match[2]);
  return Math.trunc(Number(match[1]) * 1024 ** exponent);
}

/**
 * Writes bytes with the largest unit that leaves a whole number, as Proxmox does: 8 GiB is `8G`, 1536 MiB `1536M`, 0
 * `0T`. Source: `format_size`.
 */
export function formatSize(bytes: number): string {
  let value = Math.trunc(bytes);
  let unit = 0;
  while (unit < units.length - 1 && value % 1024 === 0) {
    value /= 1024;
    unit += 1;
  }
  return `${value}${units[unit] ?? ""}`;
}

function rewriteSize(text: string): string {
  return formatSize(parseSize(text) ?? 0);
}
