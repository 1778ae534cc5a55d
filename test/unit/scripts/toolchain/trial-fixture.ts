import { appendFileSync, readFileSync } from "node:fs";

/** A trial that takes a program's text for what it does, and notes that it was made. */
const [name = "", program = ""] = process.argv.slice(2);
const text = readFileSync(program, "utf8");
appendFileSync(process.env["TRIAL_LOG"] ?? "/dev/null", `${name}\n`);
if (text.includes("panics")) {
  process.stdout.write("storage: make: panic: interface {} is nil, not int\n");
  process.exitCode = 1;
} else if (text.includes("cannot be tried")) {
  process.stdout.write("no port is free\n");
  process.exitCode = 2;
}
