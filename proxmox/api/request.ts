import type { Parameters, Path } from "./encoding";

/** How the client proves who it is. A token is preferred: it can be limited, and never expires in the middle of a task. */
export type Credential =
  /** `USER@REALM!TOKENID=SECRET`. */
  | { kind: "token"; value: string }
  /** User with realm, such as `root@pam`. Signed in for a ticket, which is renewed before its two hours are over. */
  | { kind: "password"; username: string; password: string };

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface Request {
  method: Method;
  path: Path;
  parameters?: Parameters;
  signal?: AbortSignal;
  /** Overrides `timeouts.answer`, in milliseconds. */
  timeout?: number;
}

/** The members of an answer that are used. */
export interface Answer {
  data: unknown;
  /** Number of entries there are in all, where a list can be read in parts. */
  total: number | undefined;
  /** What is not applied yet of a node's network, as a difference. */
  changes?: string | undefined;
}
