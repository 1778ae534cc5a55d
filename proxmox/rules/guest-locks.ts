/** How Proxmox words that a guest is locked, as the whole answer or at the end of a task's status: `CT is locked (backup)`. */
const lockedText = /\b(?:CT|VM) is locked \(([a-z-]+)\)/u;

/**
 * What a guest is locked for, by the text with which Proxmox refuses a change. It gives no code for that.
 *
 * @returns `backup`, `snapshot`, `rollback` …; undefined where the text says something else.
 */
export function lockIn(text: string): string | undefined {
  return lockedText.exec(text)?.[1];
}
