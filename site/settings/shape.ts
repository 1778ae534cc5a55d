import * as z from "zod";

/** What a schema takes, for those who write it down: the reference of settings. */
export type Shape =
  | { readonly kind: "value"; readonly allowed: string }
  | { readonly kind: "list"; readonly noun: string; readonly of: Shape }
  | { readonly kind: "mapping"; readonly keys: ReadonlyMap<string, Shape> }
  /** Names that people choose → a shape. */
  | { readonly kind: "entries"; readonly noun: string; readonly of: Shape }
  | { readonly kind: "choice"; readonly of: readonly Shape[] }
  | { readonly kind: "optional"; readonly of: Shape };

const shapes = new WeakMap<z.core.$ZodType, Shape>();

/** Says what a schema takes. */
export function shaped<Schema extends z.core.$ZodType>(schema: Schema, shape: Shape): Schema {
  shapes.set(schema, shape);
  return schema;
}

/**
 * What a schema takes; a schema that only transforms another one takes what that takes.
 *
 * @throws Error for a schema that was not made of the tools of `schema-tools`.
 */
export function shapeOf(schema: z.core.$ZodType): Shape {
  const shape = shapes.get(schema);
  if (shape !== undefined) return shape;
  if (schema instanceof z.ZodPipe) return shapeOf(schema.in);
  throw new Error("A schema does not say what it takes: make it with schema-tools.");
}
