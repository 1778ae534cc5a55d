/** Settings of the emulator's fault `task-waits`: a save point, or a restore, stands still half-way until it is off. */
export const inSavePoint = { type: "vzdump", at: "archiving" };
export const inRestore = { type: "vzrestore", at: "extracting" };
/** The guest is unlocked, and the task has not ended. */
export const afterSavePoint = { type: "vzdump", at: "guests-done" };

/** The command asks how a task of this type is getting on: it has got the answer to the request that started it. */
export function asksFor(type: string) {
  return ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
    method === "GET" && path.includes(`:${type}:`);
}
