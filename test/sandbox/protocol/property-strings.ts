import { FormatError } from "./format-error";
import type { PropertyFormat } from "./parameters";

/** What a property string says, by key, in its order; booleans are 0 or 1 where they could be read. */
export type PropertyValues = Map<string, string>;

/**
 * Splits a property string such as `local:8,mp=/data,backup=1` into its keys (PVE::JSONSchema::parse_property_string,
 * without the check of the values). Keys that there are not are among them: the check names them.
 */
export function splitPropertyString(format: PropertyFormat, text: string): PropertyValues {
  const values: PropertyValues = new Map();
  for (const part of text.split(",").filter((candidate) => candidate.trim() !== "")) {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(part) ?? [];
    if (name === undefined || value === undefined) addDefault(format, values, part);
    else addNamed(format, values, name, value);
  }
  return values;
}

function addNamed(format: PropertyFormat, values: PropertyValues, name: string, value: string): void {
  if (values.has(name)) throw new FormatError(`duplicate key in comma-separated list property: ${name}`);
  const key = format[name]?.alias ?? name;
  const schema = format[key];
  if (key !== name && values.has(key)) throw new FormatError(`key '${key}' is already defined (via alias)`);
  values.set(key, schema?.type === "boolean" ? booleanText(value) : value);
}

function addDefault(format: PropertyFormat, values: PropertyValues, part: string): void {
  if (part.includes("=")) throw new FormatError("missing key in comma-separated list property");
  const key = Object.keys(format).find((name) => format[name]?.defaultKey);
  if (key === undefined) throw new FormatError("value without key, but schema does not define a default key");
  if (values.has(key)) throw new FormatError(`duplicate key in comma-separated list property: ${key}`);
  values.set(key, format[key]?.type === "boolean" ? booleanText(part) : part);
}

function booleanText(value: string): string {
  if (/^(?:1|on|yes|true)$/i.test(value)) return "1";
  if (/^(?:0|off|no|false)$/i.test(value)) return "0";
  return value;
}
