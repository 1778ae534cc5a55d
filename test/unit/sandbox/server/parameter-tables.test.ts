import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { endpoints } from "../../../sandbox/endpoints/registry";
import { isFormat } from "../../../sandbox/server/formats";
import type { ParameterSchema } from "../../../sandbox/server/parameters";

/** Proxmox's published schema. It is not part of the project, so that the comparison runs only where it is at hand. */
const SCHEMA = join(__dirname, "../../../../../shared/pve-api/pve-9.2.flat.json");

const property = z.object({
  type: z.string().optional(),
  optional: z.union([z.number(), z.string()]).optional(),
  enum: z.array(z.string()).nullish(),
  format: z.unknown().optional(),
  minimum: z.union([z.number(), z.string()]).optional(),
  maximum: z.union([z.number(), z.string()]).optional(),
  maxLength: z.number().optional(),
  requires: z.unknown().optional(),
});

const operation = z.object({
  path: z.string(),
  method: z.string(),
  allowtoken: z.number().optional(),
  parameters: z.object({ properties: z.record(z.string(), property).optional() }),
});

type Property = z.infer<typeof property>;

/** What is compared of a parameter, in one form for both sides. */
function published(schema: Property): unknown {
  return {
    type: schema.type,
    optional: Number(schema.optional ?? 0) === 1,
    enum: [...(schema.enum ?? [])].sort(),
    minimum: schema.minimum === undefined ? undefined : Number(schema.minimum),
    maximum: schema.maximum === undefined ? undefined : Number(schema.maximum),
    maxLength: schema.maxLength,
  };
}

function ours(schema: ParameterSchema): unknown {
  return {
    type: schema.type,
    optional: schema.optional === true,
    enum: [...(schema.enum ?? [])].sort(),
    minimum: schema.minimum,
    maximum: schema.maximum,
    maxLength: schema.maxLength,
  };
}

const operations = endpoints.map((endpoint) => ({ name: `${endpoint.method} ${endpoint.path}`, endpoint }));

describe("parameter tables", () => {
  test.each(operations)("$name names formats that there are", ({ endpoint }) => {
    const formats = Object.values(endpoint.parameters).flatMap(({ format }) =>
      typeof format === "string" ? [format] : [],
    );
    expect(formats.filter((format) => !isFormat(format))).toEqual([]);
  });

  test.each(operations)("$name declares the parameters of its path", ({ endpoint }) => {
    const inPath = [...endpoint.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
    expect(Object.keys(endpoint.parameters)).toEqual(expect.arrayContaining(inPath));
  });
});

const whereKnown = existsSync(SCHEMA) ? describe : describe.skip;

whereKnown("parameter tables and the published schema of 9.2 (skipped where it is not at hand)", () => {
  const schema = new Map(
    (existsSync(SCHEMA) ? z.array(operation).parse(JSON.parse(readFileSync(SCHEMA, "utf8"))) : []).map((entry) => [
      `${entry.method} ${entry.path}`,
      entry,
    ]),
  );

  test.each(operations.filter(({ name }) => name !== "GET /"))("$name", ({ name, endpoint }) => {
    const known = schema.get(name);
    const properties = known?.parameters.properties ?? {};
    expect(known).toBeDefined();
    expect(endpoint.allowToken ?? true).toBe(known?.allowtoken !== 0);
    expect(Object.keys(endpoint.parameters).filter((parameter) => properties[parameter] === undefined)).toEqual([]);
    const compared = Object.keys(endpoint.parameters);
    const table = (describeOne: (parameter: string) => unknown): Record<string, unknown> =>
      Object.fromEntries(compared.map((parameter) => [parameter, describeOne(parameter)]));
    // A parameter of the path is always there; Proxmox calls one of them optional all the same.
    if (name === "POST /nodes/{node}/vzdump") compared.splice(compared.indexOf("node"), 1);
    const own = table((parameter) => ours(endpoint.parameters[parameter] ?? { type: "string" }));
    expect(own).toEqual(table((parameter) => published(properties[parameter] ?? {})));
    const required = Object.keys(properties).filter((parameter) => Number(properties[parameter]?.optional ?? 0) !== 1);
    expect(compared).toEqual(expect.arrayContaining(required));
  });

  test("every parameter of the writing operations is known", () => {
    const missing = operations
      .filter(({ endpoint }) => endpoint.method !== "GET")
      .flatMap(({ name, endpoint }) =>
        Object.keys(schema.get(name)?.parameters.properties ?? {})
          .filter((parameter) => endpoint.parameters[parameter] === undefined)
          .map((parameter) => `${name}: ${parameter}`),
      );
    expect(missing).toEqual([]);
  });
});
