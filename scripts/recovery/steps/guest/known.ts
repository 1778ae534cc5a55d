import { couldNotBeAsked } from "../../../../proxmox/api/errors";

/** What a node answered, or that it could not be read: it is not known then, which is not the same as none. */
export interface Known<Value> {
  readonly value?: Value;
  /** A sentence without a full stop. */
  readonly unread?: string;
}

/** @param what is read, as the subject of a sentence */
export async function known<Value>(what: string, answer: Promise<Value>): Promise<Known<Value>> {
  try {
    return { value: await answer };
  } catch (error) {
    if (!couldNotBeAsked(error)) throw error;
    return { unread: `${what} could not be read: ${error.reason}` };
  }
}
