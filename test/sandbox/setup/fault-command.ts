import * as z from "zod";
import { FAULTS } from "../model/faults";
import { control } from "../server/control";
import { SandboxError } from "./failure";
import type { Layout } from "./layout";
import { runningServer } from "./server-process";

const faultList = z.array(z.object({ name: z.string(), settings: z.record(z.string(), z.string()) }));

/** Switches a fault on or off; without a state it prints what there is and what is on. */
export async function setFault(
  layout: Layout,
  name: string | undefined,
  state: "on" | "off" | undefined,
  settings: readonly string[],
): Promise<void> {
  if ((await runningServer(layout)) === undefined) {
    throw new SandboxError("no sandbox is up", { hint: "bring one up: npm run sandbox -- up" });
  }
  try {
    if (name === undefined || state === undefined) return await printFaults(layout);
    if (state === "on") await control(layout.server, { command: "set-fault", name, settings: parseSettings(settings) });
    else await control(layout.server, { command: "clear-fault", name });
  } catch (failure) {
    if (failure instanceof SandboxError || !(failure instanceof Error)) throw failure;
    throw new SandboxError(failure.message, { exitCode: 2 });
  }
}

async function printFaults(layout: Layout): Promise<void> {
  const on = faultList.parse(await control(layout.server, { command: "faults" }));
  const lines = Object.entries(FAULTS).map(([name, { settings, required }]) => {
    const words = settings.map((setting) =>
      required.some((one) => one === setting) ? `${setting}=…` : `[${setting}=…]`,
    );
    return `  ${name} ${words.join(" ")}`;
  });
  const active = on.map(({ name, settings }) => `  ${name} ${formatSettings(settings)}`);
  process.stdout.write(["There are:", ...lines, "On:", ...(active.length === 0 ? ["  none"] : active), ""].join("\n"));
}

export function formatSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

function parseSettings(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word): [string, string] => {
      const end = word.indexOf("=");
      if (end < 1) throw new SandboxError(`'${word}' is no setting: write name=value`, { exitCode: 2 });
      return [word.slice(0, end), word.slice(end + 1)];
    }),
  );
}
