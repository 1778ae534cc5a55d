import type { ObjectStore, StoredObject, WriteCondition } from "../../../scripts/clients/object-store/object-store";

/** One write, as it was asked for. */
export interface AskedWrite {
  readonly key: string;
  readonly condition: WriteCondition | undefined;
}

/** A store that tells what is asked of it, and in which others, or a broken disk, have their hands. */
export class HookedStore implements ObjectStore {
  readonly place: string;
  readonly writes: AskedWrite[] = [];
  readonly removals: string[] = [];
  /** Done just before a write reaches the store: somebody else was quicker. */
  beforeWrite: (key: string) => Promise<void> = () => Promise.resolve();
  /** What arrives in place of what was written. */
  arrives: (key: string, body: Uint8Array) => Uint8Array = (_, body) => body;

  constructor(private readonly store: ObjectStore) {
    this.place = store.place;
  }

  list(prefix: string): Promise<StoredObject[]> {
    return this.store.list(prefix);
  }

  read(key: string, versionId?: string): Promise<Buffer> {
    return this.store.read(key, versionId);
  }

  mark(key: string): Promise<string> {
    return this.store.mark(key);
  }

  async write(key: string, body: Uint8Array, condition?: WriteCondition): Promise<void> {
    this.writes.push({ key, condition });
    await this.beforeWrite(key);
    return this.store.write(key, this.arrives(key, body), condition);
  }

  remove(key: string): Promise<void> {
    this.removals.push(key);
    return this.store.remove(key);
  }
}
