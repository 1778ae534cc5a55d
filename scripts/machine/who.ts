import { hostname, userInfo } from "node:os";

/** Who runs this program, by the names that the machine has for them: `anna@desk`. */
export function whoRunsThis(): string {
  return `${userName()}@${hostname()}`;
}

/** A user need not have a name, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
