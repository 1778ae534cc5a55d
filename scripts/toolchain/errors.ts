/** The code of an error of Node, such as "ENOENT"; undefined for every other error. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** What an error says. fetch hides the reason of a failure in `cause`, so the innermost message is taken. */
export function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("message" in error)) {
    return String(error);
  }
  const inner = "cause" in error && error.cause !== undefined ? messageOf(error.cause) : "";
  return inner === "" ? String(error.message) : inner;
}
