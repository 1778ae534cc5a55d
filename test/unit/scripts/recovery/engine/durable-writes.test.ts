import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeDurably } from "../../../../../scripts/machine/durable-file";
import { Journal } from "../../../../../scripts/recovery/engine/journal";
import { journalVersion } from "../../../../../scripts/recovery/engine/journal-contents";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-durable-"));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function nameOf(path: unknown): string {
  return String(path).replace(folder, "FOLDER").replace(String(process.pid), "PID");
}

/** What is asked of the system, in order, with names in place of numbers. */
function watched(): string[] {
  const { openSync, writeFileSync, fsyncSync, closeSync, renameSync } = fs;
  const names = new Map<unknown, string>();
  const asked: string[] = [];
  jest.spyOn(fs, "openSync").mockImplementation((path, flags, mode) => {
    const handle = openSync(path, flags, mode);
    names.set(handle, nameOf(path));
    return handle;
  });
  jest.spyOn(fs, "writeFileSync").mockImplementation((target, text) => {
    writeFileSync(target, text);
    asked.push(`write ${names.get(target) ?? nameOf(target)}`);
  });
  jest.spyOn(fs, "fsyncSync").mockImplementation((handle) => {
    fsyncSync(handle);
    asked.push(`sync ${names.get(handle) ?? "?"}`);
  });
  jest.spyOn(fs, "closeSync").mockImplementation((handle) => {
    closeSync(handle);
    names.delete(handle);
  });
  jest.spyOn(fs, "renameSync").mockImplementation((from, to) => {
    renameSync(from, to);
    asked.push(`rename ${nameOf(from)} to ${nameOf(to)}`);
  });
  return asked;
}

function durable(name: string): string[] {
  const draft = `FOLDER/${name}.PID.tmp`;
  return [`write ${draft}`, `sync ${draft}`, `rename ${draft} to FOLDER/${name}`, "sync FOLDER"];
}

test("a file is on the disk before it takes the old one's place, and so is its name afterwards: a power cut costs nothing [K4]", () => {
  const asked = watched();
  writeDurably(join(folder, "one.json"), "new");
  expect(asked).toEqual(durable("one.json"));
});

test("a journal is on the disk at its beginning, and again with each thing that it is told [K4]", () => {
  const asked = watched();
  const journal = begin();
  expect(asked.splice(0)).toEqual(durable("journal.json"));
  const changes = [
    () => journal.stepStarted("restore"),
    () => journal.stepNoted("restore", { sent: true }),
    () => journal.stepDone("restore", { facts: { bytes: 1 } }),
    () => journal.stepFound("restore", {}),
    () => journal.stepFailed("restore", "no answer"),
    () => journal.stepTakenBack("restore"),
    () => journal.setState("done"),
  ];
  for (const change of changes) {
    change();
    expect(asked.splice(0)).toEqual(durable("journal.json"));
    expect(Journal.open(journal.path).contents).toEqual(journal.contents);
  }
});

test("where the disk refuses, the old text stays, and the error says what to do [K2]", () => {
  const path = join(folder, "one.json");
  writeDurably(path, "old");
  jest.spyOn(fs, "fsyncSync").mockImplementation(() => {
    throw Object.assign(new Error("ENOSPC"), { errno: -28, code: "ENOSPC" });
  });
  expect(() => writeDurably(path, "new")).toThrow(`${path} cannot be written: no space left on device`);
  expect(readFileSync(path, "utf8")).toBe("old");
});

test("only its owner reads it, unless it is said otherwise [B2]", () => {
  writeDurably(join(folder, "secret"), "x");
  writeDurably(join(folder, "public"), "x", 0o644);
  const modes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
  expect(Object.fromEntries(modes)).toEqual({ secret: 0o600, public: 0o644 });
});

function begin(): Journal {
  return Journal.create(join(folder, "journal.json"), {
    version: journalVersion,
    id: "journal",
    kind: "test",
    command: "lifeboat restore guest web",
    state: "open",
    startedAt: "2026-11-20T10:00:00.000Z",
    updatedAt: "2026-11-20T10:00:00.000Z",
    request: {},
    inputs: {},
    plan: {},
    steps: {},
  });
}
