import fs, {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePrivateFolder, writeDurably } from "../../../../../scripts/machine/durable-file";
import { Journal } from "../../../../../scripts/recovery/engine/journal";
import { journalVersion } from "../../../../../scripts/recovery/engine/journal-contents";
import { StateFolder } from "../../../../../scripts/recovery/engine/state-folder";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-durable-"));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function nameOf(path: unknown): string {
  return String(path)
    .replace(folder, "FOLDER")
    .replace(/\.[\da-f-]{36}\.tmp$/u, ".RANDOM.tmp");
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
  const draft = `FOLDER/${name}.RANDOM.tmp`;
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

test("a draft's name cannot be guessed, and nothing that lies there is followed or kept [N6]", () => {
  const path = join(folder, "one.json");
  const victim = join(folder, "victim");
  writeDurably(victim, "of somebody else");
  symlinkSync(victim, `${path}.${String(process.pid)}.tmp`);
  const { openSync } = fs;
  const opened: unknown[] = [];
  jest.spyOn(fs, "openSync").mockImplementation((name, flags, mode) => {
    if (String(name).endsWith(".tmp")) opened.push(flags);
    return openSync(name, flags, mode);
  });
  writeDurably(path, "new");
  expect(readFileSync(victim, "utf8")).toBe("of somebody else");
  // O_EXCL: neither a file nor a link that is there is opened.
  expect(opened).toEqual(["wx"]);
});

test("a draft that could not be written does not stay [N6]", () => {
  jest.spyOn(fs, "fsyncSync").mockImplementation(() => {
    throw Object.assign(new Error("ENOSPC"), { errno: -28, code: "ENOSPC" });
  });
  expect(() => writeDurably(join(folder, "one.json"), "new")).toThrow("no space left on device");
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder in which others may write, or that belongs to another user, is refused with what mends it [N6]", () => {
  const open = join(folder, "open to all");
  mkdirSync(open);
  for (const mode of [0o720, 0o702]) {
    chmodSync(open, mode);
    expect(thrownBy(() => makePrivateFolder(open))).toMatchObject({
      message: `${open} is not safe: its group or others may write to it`,
      mend: `chmod go-w '${open}'`,
    });
  }
  chmodSync(open, 0o755);
  makePrivateFolder(open);
  const own = process.geteuid?.() ?? 0;
  jest.spyOn(process, "geteuid").mockReturnValue(own + 1);
  expect(thrownBy(() => makePrivateFolder(open))).toMatchObject({
    message: `${open} is not safe: it belongs to user ${String(own)}`,
    mend: `sudo chown -R ${String(own + 1)} '${open}'`,
  });
});

test("the folder of a site and the one around it are looked at before anything in them is believed [N6]", () => {
  const home = join(folder, "lifeboat");
  const open = () =>
    new StateFolder({ environment: "prod", endpoint: "https://192.0.2.11:8006" }, { XDG_STATE_HOME: folder });
  mkdirSync(open().path, { recursive: true });
  for (const path of [home, open().path]) {
    chmodSync(path, 0o777);
    expect(open).toThrow(`${path} is not safe`);
    chmodSync(path, 0o700);
  }
});

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

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
