import * as z from "zod";

/** What a command prints with `--json`, by occasion: `{ plan: …, report: … }`. Members that are not declared are wrong. */
export type Shapes = Readonly<Record<string, z.ZodType>>;

/** A value of a shape that nobody changes. */
export type ValueOf<Shape extends z.ZodType> = DeepReadonly<z.output<Shape>>;

type DeepReadonly<Value> = Value extends readonly (infer Entry)[]
  ? readonly DeepReadonly<Entry>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

/** A point in time by the clock of the node, unless the meaning names another. */
export const moment = (meaning: string) => z.number().describe(`${meaning}, in seconds since 1970`);

export const milliseconds = (meaning: string) => z.number().describe(`${meaning}, in milliseconds since 1970`);

export const isoMoment = (meaning: string) => z.iso.datetime().describe(`${meaning}, as ISO 8601 in UTC`);

export const seconds = (meaning: string) => z.number().describe(`${meaning}, in seconds`);

export const bytes = (meaning: string) => z.number().describe(`${meaning}, in bytes`);

/** A number of the table "Exit codes". */
export const exitCode = z.int().describe("the command's exit code");

/** An error as a part of a value: what could not be done, and what to do about it. */
export const failureShape = {
  message: z.string().describe("what could not be done, and why"),
  hint: z.string().optional().describe("what to do next"),
};

/** Every `undefined` of a value as `null`, so that each member is always there. */
export function withNulls<Value>(value: Value): WithNulls<Value> {
  return JSON.parse(JSON.stringify(value, (_key, member: unknown) => member ?? null));
}

type WithNulls<Value> = Value extends undefined
  ? null
  : Value extends readonly (infer Entry)[]
    ? WithNulls<Entry>[]
    : Value extends object
      ? { [Key in keyof Value]: WithNulls<Value[Key]> }
      : Value;
