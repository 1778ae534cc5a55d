import { control, timeSchema, type SiteTime } from "../server/control";
import { SandboxError } from "./failure";
import type { Layout } from "./layout";
import { runningServer } from "./server-process";

/**
 * Shows the site's clock, sets it, or lets time pass.
 *
 * @param action `set` with a time (nothing happens in between), `forward` with a duration (backup jobs run meanwhile).
 */
export async function moveClock(
  layout: Layout,
  action: "set" | "forward" | undefined,
  value: string | undefined,
  say: (line: string) => void,
): Promise<void> {
  if ((await runningServer(layout)) === undefined) {
    throw new SandboxError("no sandbox is up", { hint: "bring one up: npm run sandbox -- up" });
  }
  if (action === "set") await setClock(layout, value);
  if (action === "forward") await forward(layout, value, say);
  printTime(timeSchema.parse(await control(layout.server, { command: "time" })));
}

async function setClock(layout: Layout, value = ""): Promise<void> {
  const moment = Date.parse(value);
  if (Number.isNaN(moment)) {
    throw new SandboxError(`'${value}' is not a time`, { exitCode: 2, hint: "such as 2027-03-27T12:00:00+01:00" });
  }
  await control(layout.server, { command: "clock", offset: Math.round((moment - Date.now()) / 1000) });
}

async function forward(layout: Layout, value = "", say: (line: string) => void): Promise<void> {
  const seconds = parseDuration(value);
  if (seconds === undefined) {
    throw new SandboxError(`'${value}' is not a duration`, { exitCode: 2, hint: "such as 8h, 7d or 4w" });
  }
  say(`Letting ${value} pass; jobs that are due run meanwhile`);
  await control(layout.server, { command: "forward", seconds });
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `8h`; undefined for anything else. */
function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,6})([smhdw])$/u.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (units[unit ?? ""] ?? 0);
}

function printTime({ nodes }: SiteTime): void {
  for (const { node, timeZone, time } of nodes) {
    const local = new Date(time * 1000).toLocaleString("sv-SE", { timeZone });
    process.stdout.write(`${node.padEnd(10)} ${local} ${timeZone}\n`);
  }
}
