import type { Check } from "./environment";
import { choose, isMapping, list, mapping, optional, text, value, wholeNumber } from "./schema-tools";
import { checkFormat, parseCheck } from "./values/checks";
import { outputPattern } from "./values/output-pattern";

const commandCheck = mapping({
  /** Run in the guest by its `sh`. */
  command: text("a command", "one line for the guest's sh, at most 1000 characters", /^[^\p{Cc}]+$/u, 1000),
  /** Its exit code. Default: 0. */
  exit: optional(wholeNumber("an exit code", 0, 255)),
  /** What its output has to contain; between slashes a regular expression, such as `/^ready$/`. Default: anything. */
  output: optional(value("an output", "a text, or a regular expression between slashes", parseOutput)),
});

function parseOutput(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw === "") return undefined;
  try {
    outputPattern(raw);
    return raw;
  } catch {
    return undefined;
  }
}

const namedCheck = value<Check>("a check", checkFormat, parseCheck);

const check = choose<Check>([namedCheck, commandCheck], (raw) =>
  isMapping(raw) && !Object.hasOwn(raw, "agent-exec")
    ? commandCheck.transform(({ command, exit = 0, output }) => {
        return { kind: "command", command, exit, ...(output === undefined ? {} : { output }) };
      })
    : namedCheck,
);

/** The key `checks` of a guest. */
export const checksSchema = optional(list("checks", check, 1));
