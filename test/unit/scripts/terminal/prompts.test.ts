import { spawn } from "node:child_process";
import { typeScript } from "../../../sandbox/machine/type-script";

/** What is printed when these keys are pressed at a question. */
async function press(keys: string): Promise<string> {
  const program = typeScript(process.cwd(), "test/support/ask.ts").join(" ");
  const child = spawn("script", ["-qec", `stty cols 80; exec ${program}`, "/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const wasAsked = printed.includes("No");
    printed += chunk.toString("utf8");
    if (!wasAsked && printed.includes("No")) child.stdin.write(keys);
  });
  await new Promise((resolve) => child.once("close", resolve));
  child.stdin.destroy();
  return printed;
}

test.each([
  ["Ctrl-D", "\u0004", "nobody answered; nothing was changed"],
  ["Ctrl-C", "\u0003", "Interrupted"],
  ["Return", "\r", "answered false"],
  ["y", "y", "answered true"],
])("a question at a terminal, and %s [K1]", async (_, keys, wanted) => {
  expect(await press(keys)).toContain(wanted);
});
