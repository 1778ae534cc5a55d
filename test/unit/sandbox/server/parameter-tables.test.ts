import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { endpoints } from "../../../sandbox/endpoints/registry";
import { isFormat } from "../../../sandbox/protocol/formats";
import type { ParameterSchema } from "../../../sandbox/protocol/parameters";

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

/** Each problem with the endpoint that has it, so that one run names them all. */
function problems(problemsOf: (operation: (typeof operations)[number]) => readonly string[]): string[] {
  return operations.flatMap((operation) => problemsOf(operation).map((problem) => `${operation.name}: ${problem}`));
}

describe("parameter tables", () => {
  test("name formats that there are", () => {
    const unknown = problems(({ endpoint }) =>
      Object.values(endpoint.parameters).flatMap(({ format }) =>
        typeof format === "string" && !isFormat(format) ? [`there is no format ${format}`] : [],
      ),
    );
    expect(unknown).toEqual([]);
  });

  test("declare the parameters of their paths", () => {
    const missing = problems(({ endpoint }) =>
      [...endpoint.path.matchAll(/\{([^}]+)\}/g)]
        .map(([, name = ""]) => name)
        .filter((name) => endpoint.parameters[name] === undefined)
        .map((name) => `${name} is not declared`),
    );
    expect(missing).toEqual([]);
  });
});

type PublishedOperation = z.infer<typeof operation>;

/** In what an endpoint's table and the published one differ. */
function differences(
  name: string,
  { parameters, allowToken }: (typeof endpoints)[number],
  known: PublishedOperation | undefined,
): string[] {
  if (known === undefined) return ["it is not published"];
  const properties = known.parameters.properties ?? {};
  const found = (allowToken ?? true) === (known.allowtoken !== 0) ? [] : ["whether a token is allowed differs"];
  for (const [parameter, table] of Object.entries(parameters)) {
    const property = properties[parameter];
    // A parameter of the path is always there; Proxmox calls one of them optional all the same.
    if (name === "POST /nodes/{node}/vzdump" && parameter === "node") continue;
    if (property === undefined) found.push(`${parameter} is not published`);
    else if (!isDeepStrictEqual(ours(table), published(property))) {
      found.push(`${parameter} is ${JSON.stringify(ours(table))}, published ${JSON.stringify(published(property))}`);
    }
  }
  const required = Object.keys(properties).filter((parameter) => Number(properties[parameter]?.optional ?? 0) !== 1);
  return [...found, ...required.filter((one) => parameters[one] === undefined).map((one) => `${one} is missing`)];
}

const whereKnown = existsSync(SCHEMA) ? describe : describe.skip;

whereKnown("parameter tables and the published schema of 9.2 (skipped where it is not at hand)", () => {
  const schema = new Map(
    (existsSync(SCHEMA) ? z.array(operation).parse(JSON.parse(readFileSync(SCHEMA, "utf8"))) : []).map((entry) => [
      `${entry.method} ${entry.path}`,
      entry,
    ]),
  );

  test("say the same of every parameter that an endpoint takes", () => {
    const different = problems(({ name, endpoint }) =>
      name === "GET /" ? [] : differences(name, endpoint, schema.get(name)),
    );
    expect(different).toEqual([]);
  });

  test("every parameter of the writing operations is known", () => {
    const missing = problems(({ name, endpoint }) =>
      endpoint.method === "GET"
        ? []
        : Object.keys(schema.get(name)?.parameters.properties ?? {}).filter(
            (parameter) => endpoint.parameters[parameter] === undefined,
          ),
    );
    expect(missing).toEqual([]);
  });
});
