import * as z from "zod";

type Schema = z.core.$ZodType;

/** A member of a shape, as a line of the reference. */
export interface Member {
  /** `environments[].guests[].name` */
  readonly path: string;
  readonly type: string;
  readonly optional: boolean;
  readonly meaning: string;
  /** The member's schema and those that it lies in. */
  readonly schemas: readonly Schema[];
}

/** Every member of a shape at any depth, in order. @param path of the shape itself; then its own line stands first. */
export function membersOf(schema: Schema, path = ""): Member[] {
  return walk(schema, path, []).filter((member) => member.path !== "");
}

function walk(schema: Schema, path: string, above: readonly Schema[]): Member[] {
  const schemas = [...above, schema];
  const { inner, optional, nullable, meaning } = unwrap(schema);
  const type = `${typeOf(inner)}${nullable ? " or null" : ""}`;
  return [{ path, type, optional, meaning, schemas }, ...below(inner, path, schemas)];
}

/** The members of an object, of the entries of a list, and of each form where there is more than one. */
function below(schema: Schema, path: string, schemas: readonly Schema[]): Member[] {
  if (schema instanceof z.ZodObject) {
    const prefix = path === "" ? "" : `${path}.`;
    return Object.entries(schema.shape).flatMap(([name, member]) => walk(member, `${prefix}${name}`, schemas));
  }
  if (schema instanceof z.ZodArray) return below(unwrap(schema.element).inner, `${path}[]`, schemas);
  if (!(schema instanceof z.ZodUnion)) return [];
  const members = schema.options.flatMap((option) => below(unwrap(option).inner, path, schemas));
  return members.filter(
    ({ path: one, type }, index) => members.findIndex((other) => other.path === one && other.type === type) === index,
  );
}

interface Unwrapped {
  readonly inner: Schema;
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly meaning: string;
}

/** What stands around a schema, and what it says of itself there. */
function unwrap(schema: Schema): Unwrapped {
  const own = z.globalRegistry.get(schema)?.description;
  const isNullable = schema instanceof z.ZodNullable;
  if (schema instanceof z.ZodReadonly) return { ...unwrap(schema.unwrap()), meaning: own ?? "" };
  if (!isNullable && !(schema instanceof z.ZodOptional) && !(schema instanceof z.ZodExactOptional)) {
    return { inner: schema, optional: false, nullable: false, meaning: own ?? "" };
  }
  const { inner, optional, nullable, meaning } = unwrap(schema.unwrap());
  const meanings = [...new Set([meaning, own ?? ""])].filter((text) => text !== "");
  return { inner, optional: optional || !isNullable, nullable: nullable || isNullable, meaning: meanings.join("; ") };
}

function typeOf(schema: Schema): string {
  if (schema instanceof z.ZodArray) return `list of ${plural(typeOf(unwrap(schema.element).inner))}`;
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${String(option)}\``).join(", ");
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => `\`${String(value)}\``).join(", ");
  if (schema instanceof z.ZodRecord) return "object";
  if (schema instanceof z.ZodUnion) return [...new Set(schema.options.map((option) => typeOf(option)))].join(" or ");
  if (schema instanceof z.ZodUnknown) return "any";
  return schema instanceof z.ZodType ? schema.def.type : "any";
}

function plural(type: string): string {
  return /^\w+$/u.test(type) ? `${type}s` : type;
}
