import { couldNotBeAsked, ProxmoxError } from "./errors";

/** The answer, or undefined where the caller may not have it or there is no such thing. */
export async function unlessHidden<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProxmoxError && ["forbidden", "gone", "failed"].includes(error.kind)) return undefined;
    throw error;
  }
}

/** The answer, or undefined where just this could not be asked: what it is, is unknown. */
export async function unlessUnasked<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (couldNotBeAsked(error)) return undefined;
    throw error;
  }
}
