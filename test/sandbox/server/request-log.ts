import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { RawValue } from "../protocol/parameters";

/** One request as `requests.ndjson` of the state folder has it. */
export interface RequestLine {
  /** ISO 8601, the site's clock. */
  time: string;
  node: string;
  method: string;
  /** Below `/api2/json`, percent-decoded. */
  path: string;
  parameters: Record<string, RawValue>;
  /** `root@pam!tok`; empty when nobody signed in. */
  caller: string;
  status: number;
}

/** Names of parameters whose values are in no log. */
const SECRET = /password|passphrase|secret|keyring|encryption-key|tfa-challenge|^otp$/;

/** Appends a request; secrets are blanked here, so that nothing that reads the file can tell them. */
export function logRequest(
  folder: string,
  line: Omit<RequestLine, "parameters">,
  sent: ReadonlyMap<string, RawValue>,
): void {
  const parameters = Object.fromEntries([...sent].map(([name, value]) => [name, SECRET.test(name) ? "***" : value]));
  const whole: RequestLine = { ...line, parameters };
  appendFileSync(join(folder, "requests.ndjson"), `${JSON.stringify(whole)}\n`, { mode: 0o600 });
}
