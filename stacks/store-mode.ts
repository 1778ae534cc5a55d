import { refusal } from "../components/refusal";

/**
 * `apart`: buckets and identities are left out of this run, which then needs no store. The store keeps what it has, and the
 * next run takes its buckets in again. A variable, for one run.
 */
export const modeVariable = "LIFEBOAT_STATE_STORE";

export function isApart(): boolean {
  const mode = process.env[modeVariable] ?? "";
  if (mode === "" || mode === "apart") return mode === "apart";
  throw refusal(
    `Unable to deploy: ${modeVariable} is ${JSON.stringify(mode)}\nHINT: ${modeVariable}=apart, or leave it out`,
  );
}
