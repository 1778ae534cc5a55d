import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamProgram } from "../../../../scripts/clients/stream-program";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "stream-program-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("a program whose input is given up has cleared up before anybody goes on [K4]", async () => {
  const half = join(folder, "half");
  writeFileSync(half, "");
  const { signal } = new AbortController();
  const program = streamProgram("sh", ["-c", 'cat >"$1"; sleep 0.3; rm "$1"', "sh", half], signal);
  program.input.write("the beginning");
  await program.giveUp();
  expect(existsSync(half)).toBe(false);
  expect(await program.ended).toMatchObject({ code: 0 });
});

test("a program that is not there, or has ended, is given up as well", async () => {
  const { signal } = new AbortController();
  await streamProgram("no-such-program", [], signal).giveUp();
  const ended = streamProgram("true", [], signal);
  await ended.ended;
  await ended.giveUp();
  expect(await ended.ended).toMatchObject({ code: 0 });
});
