import * as z from "zod";
import { encodePath, type Parameters, type Path } from "./encoding";
import { ProxmoxError } from "./errors";
import type { Method } from "./request";
import type { Transport } from "./transport";

/** What every group of calls is made of: requests whose answers are checked. */
export class Requests {
  constructor(readonly transport: Transport) {}

  /** @throws ProxmoxError of kind `unexpected` when the answer is not of the expected form. */
  async read<Schema extends z.ZodType>(
    schema: Schema,
    path: Path,
    parameters: Parameters = {},
    signal?: AbortSignal,
  ): Promise<z.output<Schema>> {
    return this.request(schema, "GET", path, parameters, signal);
  }

  async change<Schema extends z.ZodType>(
    schema: Schema,
    method: Exclude<Method, "GET">,
    path: Path,
    parameters: Parameters = {},
  ): Promise<z.output<Schema>> {
    return this.request(schema, method, path, parameters, undefined);
  }

  /** Checks a part of an answer against its schema. */
  check<Schema extends z.ZodType>(schema: Schema, method: Method, path: Path, data: unknown): z.output<Schema> {
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    throw new ProxmoxError("unexpected", {
      endpoint: this.transport.endpoint,
      request: `${method} ${encodePath(path)}`,
      reason: z.prettifyError(parsed.error),
    });
  }

  private async request<Schema extends z.ZodType>(
    schema: Schema,
    method: Method,
    path: Path,
    parameters: Parameters,
    signal: AbortSignal | undefined,
  ): Promise<z.output<Schema>> {
    const { data } = await this.transport.send({
      method,
      path,
      parameters,
      ...(signal === undefined ? {} : { signal }),
    });
    return this.check(schema, method, path, data);
  }
}
