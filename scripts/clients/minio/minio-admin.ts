import { request as plain } from "node:http";
import { request as secure } from "node:https";
import * as z from "zod";
import type { KeyPair } from "../../../site/settings/environment";
import { signRequest } from "../../../site/state-store/sign-request";
import { StoreError } from "../object-store/object-store";
import { storeErrorOf } from "../object-store/s3-errors";
import { readZip } from "./read-zip";

/** Where the server is, and the key of whoever runs it. */
export interface MinioAdminOptions {
  /** `https://192.0.2.132:9000` */
  readonly endpoint: string;
  readonly region: string;
  /** PEM of the authority that signed its certificate. Absent: the system's authorities. */
  readonly ca?: string | undefined;
  readonly key: KeyPair;
  readonly signal?: AbortSignal;
}

/** Milliseconds for a whole answer. */
const patience = 10_000;

const usersSchema = z.record(z.string(), z.unknown());
const accountsSchema = z.record(z.string(), z.looseObject({ parent: z.string() }));

/** Identities of a MinIO server, by its administration. Every method throws {@link StoreError} where it cannot be used. */
export class MinioAdmin {
  constructor(private readonly options: MinioAdminOptions) {}

  /**
   * Access keys of identities and of the service accounts that those have made, by who made them.
   *
   * Asked by MinIO's export of all identities: it packs its lists of service accounts in a way (Argon2) that Node 20 cannot
   * open. The export holds secrets, of which nothing is kept.
   */
  async identities(): Promise<{ readonly users: readonly string[]; readonly accounts: ReadonlyMap<string, string[]> }> {
    const files = readZip((await this.ask("GET", "export-iam")).body);
    const read = (name: string): unknown => JSON.parse(files.get(`iam-assets/${name}`)?.toString("utf8") ?? "{}");
    const accounts = new Map<string, string[]>();
    for (const [account, { parent }] of Object.entries(accountsSchema.parse(read("svcaccts.json") ?? {}))) {
      accounts.set(parent, [...(accounts.get(parent) ?? []), account]);
    }
    return { users: Object.keys(usersSchema.parse(read("users.json") ?? {})), accounts };
  }

  /** With every service account that it has made. No error when it is not there. */
  async removeUser(name: string): Promise<void> {
    await this.ask("DELETE", "remove-user", { accessKey: name }, "XMinioAdminNoSuchUser");
  }

  /** No error when it is not there. */
  async removePolicy(name: string): Promise<void> {
    await this.ask("DELETE", "remove-canned-policy", { name }, "XMinioAdminNoSuchPolicy");
  }

  /** @param absent the code of an answer that is as good */
  private async ask(
    method: "GET" | "DELETE",
    call: string,
    fields: Readonly<Record<string, string>> = {},
    absent?: string,
  ): Promise<{ readonly body: Buffer }> {
    const query = Object.entries(fields)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join("&");
    const { status, body } = await this.send(method, `/minio/admin/v3/${call}`, query);
    if (status === 200 || status === 204) return { body };
    const { name, message } = failureIn(body);
    if (name === absent) return { body };
    throw storeErrorOf(Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } }), this.place);
  }

  private get place(): string {
    return `state store at ${this.options.endpoint}`;
  }

  private send(
    method: "GET" | "DELETE",
    path: string,
    query: string,
  ): Promise<{ readonly status: number; readonly body: Buffer }> {
    const { endpoint, region, key, ca, signal } = this.options;
    const url = new URL(`${endpoint}${path}${query === "" ? "" : `?${query}`}`);
    const timeout = AbortSignal.timeout(patience);
    const options = {
      method,
      headers: signRequest({ method, host: url.host, path, query, region }, key, new Date()),
      agent: false,
      rejectUnauthorized: true,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(ca === undefined ? {} : { ca }),
    } as const;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        if (signal?.aborted === true) reject(error);
        else if (timeout.aborted) reject(this.silent());
        else reject(storeErrorOf(error, this.place));
      };
      const sent = (url.protocol === "https:" ? secure : plain)(url, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.once("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
        answer.once("error", fail);
      });
      sent.once("error", fail);
      sent.end();
    });
  }

  private silent(): StoreError {
    return new StoreError("unreachable", this.place, `the store gives no answer within ${String(patience / 1_000)} s`);
  }
}

/** What an answer of the administration says that refuses. */
function failureIn(body: Buffer): { readonly name: string; readonly message: string } {
  const text = body.toString("utf8");
  try {
    const { Code: name, Message: message } = z
      .object({ Code: z.string(), Message: z.string() })
      .parse(JSON.parse(text));
    return { name, message };
  } catch {
    const code = /<Code>(\w+)<\/Code>/u.exec(text)?.[1] ?? "";
    return { name: code, message: text.slice(0, 200) };
  }
}
