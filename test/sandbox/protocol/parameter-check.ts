/** Checks parameters as PVE::JSONSchema::validate does: same order, same texts, all problems at once. */
import { parameterFailure } from "./failure";
import { FormatError } from "./format-error";
import { checkNamedFormat, namedPropertyFormat } from "./formats";
import {
  Parameters,
  type ParameterSchema,
  type ParameterTable,
  type PropertyFormat,
  type RawValue,
} from "./parameters";
import { splitPropertyString } from "./property-strings";

type Errors = Map<string, string>;

/** Checks what was sent against an operation's table; throws the 400 that names every problem. */
export function checkParameters(table: ParameterTable, sent: ReadonlyMap<string, RawValue>): Parameters {
  const errors: Errors = new Map();
  const values = new Map([...sent].map(([name, value]) => [name, normalized(findSchema(table, name), value)] as const));
  for (const [name, schema] of Object.entries(table)) {
    if (!name.endsWith("[n]") && !schema.optional && !values.has(name)) {
      addError(errors, name, "property is missing and it is not optional");
    }
  }
  for (const [name, value] of values) {
    const schema = findSchema(table, name);
    if (schema === undefined) addError(errors, name, UNKNOWN);
    else checkValue(schema, value, name, errors);
  }
  for (const name of values.keys()) checkRequires(findSchema(table, name), name, "", values, errors);
  if (errors.size > 0) throw parameterFailure(Object.fromEntries(errors));
  return new Parameters(values);
}

/** The table's entry for a name; `mp3` is found under `mp[n]`. */
export function findSchema(table: ParameterTable, name: string): ParameterSchema | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  const [, base, number] = /^(.*?[a-z])(0|[1-9]\d*)$/.exec(name) ?? [];
  if (base === undefined || !Object.hasOwn(table, `${base}[n]`)) return undefined;
  const schema = table[`${base}[n]`];
  return schema !== undefined && Number(number) < (schema.count ?? 0) ? schema : undefined;
}

/**
 * Reads a property string and checks it; throws a FormatError.
 *
 * @param path name under which problems of single keys are told, such as `mp0`
 */
export function parseProperties(format: string | PropertyFormat, text: string, path: string): Map<string, string> {
  const named = typeof format === "string" ? namedPropertyFormat(format) : { keys: format };
  if (named === undefined) throw new Error(`undefined format '${String(format)}'`);
  const values = splitPropertyString(named.keys, text);
  const errors: Errors = new Map();
  for (const key of values.keys()) if (named.keys[key] === undefined) addError(errors, `${path}.${key}`, UNKNOWN);
  for (const [key, schema] of Object.entries(named.keys)) {
    const value = values.get(key);
    if (value !== undefined) checkValue(schema, value, `${path}.${key}`, errors);
    else if (!schema.optional && schema.alias === undefined) {
      addError(errors, `${path}.${key}`, "property is missing and it is not optional");
    }
  }
  for (const key of values.keys()) checkRequires(named.keys[key], key, `${path}.`, values, errors);
  if (errors.size > 0) {
    const lines = [...errors].map(([key, problem]) => `${key}: ${problem}`);
    throw new FormatError(["format error", ...lines].join("\n"), errors);
  }
  named.rule?.(values);
  return values;
}

const UNKNOWN = "property is not defined in schema and the schema does not allow additional properties";

/** A repeated name for a comma list is joined, a single value for an array becomes an array. */
function normalized(schema: ParameterSchema | undefined, value: RawValue): RawValue {
  if (schema === undefined) return value;
  const isList = typeof schema.format === "string" && schema.format.endsWith("-list");
  if (Array.isArray(value)) return schema.type === "string" && isList ? value.join(",") : value;
  const isTrue = value !== "" && value !== "0";
  return schema.type === "array" && isTrue ? [value] : value;
}

function addError(errors: Errors, path: string, text: string): void {
  const earlier = errors.get(path);
  // Proxmox joins with a backslash and an n, not with a line break.
  errors.set(path, earlier === undefined ? text : `${earlier}\\n${text}`);
}

function checkRequires(
  schema: ParameterSchema | undefined,
  name: string,
  prefix: string,
  values: ReadonlyMap<string, RawValue>,
  errors: Errors,
): void {
  if (schema?.requires === undefined || values.has(schema.requires)) return;
  addError(errors, `${prefix}${schema.requires}`, `missing property required by '${prefix}${name}'`);
}

function checkValue(schema: ParameterSchema, value: RawValue, path: string, errors: Errors): void {
  const problem = typeProblem(schema, value) ?? (Array.isArray(value) ? undefined : valueProblem(schema, value, path));
  if (problem !== undefined) return addError(errors, path, problem);
  if (!Array.isArray(value) || schema.items === undefined) return;
  for (const [index, item] of value.entries()) checkValue(schema.items, item, `${path}[${String(index)}]`, errors);
}

function typeProblem(schema: ParameterSchema, value: RawValue): string | undefined {
  const text = `type check ('${schema.type}') failed`;
  if (schema.type === "array") return Array.isArray(value) ? undefined : text;
  if (Array.isArray(value)) return `${text} - got ARRAY`;
  const accepted = {
    string: true,
    boolean: value === "0" || value === "1",
    integer: /^[+-]?\d+$/.test(value),
    number: isNumber(value),
  }[schema.type];
  return accepted ? undefined : `${text} - got '${value}'`;
}

function isNumber(value: string): boolean {
  return /^[+-]?(?:\d+\.\d+|\d+\.|\.\d+|\d+)(?:[eE][+-]?\d+)?$/.test(value);
}

function valueProblem(schema: ParameterSchema, value: string, path: string): string | undefined {
  return formatProblem(schema, value, path) ?? lengthProblem(schema, value) ?? rangeProblem(schema, value);
}

function formatProblem(schema: ParameterSchema, value: string, path: string): string | undefined {
  try {
    if (schema.format === undefined) return undefined;
    if (typeof schema.format === "string" && namedPropertyFormat(schema.format) === undefined) {
      checkNamedFormat(schema.format, value);
    } else parseProperties(schema.format, value, path);
    return undefined;
  } catch (failure) {
    if (failure instanceof FormatError) return `invalid format - ${failure.message}\n`;
    throw failure;
  }
}

function lengthProblem(schema: ParameterSchema, value: string): string | undefined {
  const { pattern, maxLength, minLength } = schema;
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
    return "value does not match the regex pattern";
  }
  if (maxLength !== undefined && value.length > maxLength)
    return `value may only be ${String(maxLength)} characters long`;
  if (minLength !== undefined && value.length < minLength) {
    return `value must be at least ${String(minLength)} characters long`;
  }
  return undefined;
}

function rangeProblem(schema: ParameterSchema, value: string): string | undefined {
  const { maximum, minimum } = schema;
  if (isNumber(value) && maximum !== undefined && Number(value) > maximum) {
    return `value must have a maximum value of ${String(maximum)}`;
  }
  if (isNumber(value) && minimum !== undefined && Number(value) < minimum) {
    return `value must have a minimum value of ${String(minimum)}`;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return `value '${value}' does not have a value in the enumeration '${schema.enum.join(", ")}'`;
  }
  return undefined;
}
