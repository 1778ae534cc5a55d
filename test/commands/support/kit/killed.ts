import { spawn } from "node:child_process";
import { renameSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fetch } from "undici";
import { VirtualProcess } from "./virtual-process";

/**
 * A run that is killed just before its second journal is in its place, and that then tries everything that a command does.
 * Gives its process id and what became of each attempt.
 */
export async function killed(
  folder: string,
  { journal, url }: { readonly journal: string; readonly url: string },
): Promise<{ pid: number; attempts: Record<string, string> }> {
  const virtual: VirtualProcess = new VirtualProcess({
    environment: {},
    workingDirectory: folder,
    onKill: () => undefined,
    onWrite: ({ moment, number }) => {
      if (`${moment} ${number}` === "before 2") virtual.kill();
    },
  });
  let close: (() => Promise<void>) | undefined;
  const attempts = await virtual.run(async () => {
    const handle = await open(join(folder, "open"), "w");
    close = () => handle.close();
    put(journal, "{}");
    try {
      put(journal, '{"second":true}');
    } catch {
      return allOf({
        "a file is written": () => writeFileSync(join(folder, "written"), ""),
        "a file is removed": () => rmSync(journal),
        "a file is read": () => readFileSync(journal),
        "a promise writes a file": () => writeFile(join(folder, "promised"), ""),
        "an open file is written": () => handle.writeFile("text"),
        "a program is started": () => spawn("touch", [join(folder, "touched")]),
        "a request is sent": () => fetch(url, { method: "POST" }),
        "a pause ends": () => pause(1),
      });
    } finally {
      attempt(() => rmSync(join(folder, "open")));
    }
    return {};
  });
  await close?.();
  return { pid: virtual.pid, attempts };
}

/** As journals are written. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

async function allOf(deeds: Readonly<Record<string, () => unknown>>): Promise<Record<string, string>> {
  const ends = Object.entries(deeds).map(async ([name, deed]) => [name, await attempt(deed)] as const);
  return Object.fromEntries(await Promise.all(ends));
}

/** By the timer that is called back, which a killed run has as well. */
async function attempt(deed: () => unknown): Promise<string> {
  let result: unknown;
  try {
    result = deed();
  } catch {
    return "threw";
  }
  const settled = Promise.resolve(result).then(
    () => "did",
    () => "failed",
  );
  return Promise.race([settled, new Promise<string>((done) => void setTimeout(done, 300, "waits"))]);
}
