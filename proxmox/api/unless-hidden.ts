import { ProxmoxError } from "./errors";

/** The answer, or undefined where the caller may not have it or there is no such thing. */
export async function unlessHidden<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProxmoxError && ["forbidden", "gone", "failed"].includes(error.kind)) return undefined;
    throw error;
  }
}
