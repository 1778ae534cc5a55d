/** Whether a property of a module is a function, and how it is called. */
type Callable = (...words: unknown[]) => unknown;

function isCallable(value: unknown): value is Callable {
  return typeof value === "function";
}

/** Puts a function in the place of another, which keeps its properties (`realpath.native`). */
export function wrap(
  holder: object,
  name: string,
  around: (original: Callable, self: unknown, words: unknown[]) => unknown,
): void {
  const original: unknown = Reflect.get(holder, name);
  if (!isCallable(original)) return;
  const wrapped = new Proxy(original, { apply: (target, self: unknown, words) => around(target, self, words) });
  Object.defineProperty(holder, name, { value: wrapped, writable: true, configurable: true, enumerable: true });
}
