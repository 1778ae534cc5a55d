import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { runCommandLine } from "../../../../scripts/toolchain/command-line";
import { Cache } from "../../../../scripts/toolchain/cache";
import { thisPlatform } from "../../../../scripts/toolchain/installed";
import type { Part } from "../../../../scripts/toolchain/parts/part";
import { Sums } from "../../../../scripts/toolchain/sums";
import { publish } from "../../../../scripts/toolchain/toolchain-folder";
import { MemoryScreen, writeScript } from "./scratch";

const part: Part = { name: "tool", version: "1.2.3", kind: "tool", executable: "tool" };

let home: string;
let program: string;
let bin: string;

beforeEach(async () => {
  // Others may pass here, as in a folder that XDG_CACHE_HOME names; those of other tests lie in one that is closed to them.
  home = mkdtempSync("/tmp/lifeboat-toolchain-");
  chmodSync(home, 0o755);
  const platform = thisPlatform();
  const cache = new Cache(path.join(home, "lifeboat", "toolchain"), platform, Sums.read({ sumsFile: undefined }));
  const built = path.join(cache.workFolder("test"), "built");
  writeScript(built, "echo 1.2.3");
  const copy = cache.keep(part, "built from upstream", { program: built, source: "a test", seconds: 1 });
  publish({ parts: [part], cache, platform }, [copy]);
  ({ program } = copy);
  bin = (await run("--print-path")).printed.trim();
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

async function run(...words: string[]) {
  const screen = new MemoryScreen();
  let printed = "";
  const environment = { HOME: home, XDG_CACHE_HOME: home, PATH: "/usr/bin:/bin", LIFEBOAT_TOOLCHAIN: "build" };
  const out = (text: string) => {
    printed += text;
  };
  const code = await runCommandLine(words, { environment, out, screen }, [part], []);
  return { code, printed, said: screen.text };
}

const ways = [["--print-path"], ["--install-plugins", "pulumi-home"], ["--check"], []];
const places: Readonly<Record<string, () => string>> = {
  "the folder for PATH": () => bin,
  "the program there": () => path.join(bin, "tool"),
  "the folder of a part": () => path.dirname(program),
  "a folder above all": () => home,
};

test.each(Object.keys(places))("%s that others may write to is refused, with what mends it [N2]", async (which) => {
  const place = places[which]?.() ?? "";
  chmodSync(place, 0o777);
  // A check looks at the parts, and not at what leads to them.
  const asked = place === bin ? ways.filter(([word]) => word !== "--check") : ways;
  for (const words of asked) {
    const { code, printed, said } = await run(...words);
    expect({ words, code, printed }).toEqual({ words, code: 1, printed: "" });
    expect(said).toContain("its group or others may write to it\nHINT: look at what is there, then: chmod go-w");
  }
  chmodSync(place, 0o755);
  expect(await run("--print-path")).toMatchObject({ code: 0, printed: `${bin}\n` });
});

const root = process.geteuid?.() === 0;

(root ? describe : describe.skip)("as root", () => {
  test("what another user has put there is refused, also by a link [N2]", async () => {
    const entry = path.join(bin, "tool");
    chownSync(entry, 12_345, 12_345);
    expect(await run("--print-path")).toMatchObject({
      code: 1,
      printed: "",
      said: expect.stringContaining("user 12345"),
    });
    chownSync(entry, 0, 0);
    expect(await run("--print-path")).toMatchObject({ code: 0 });
    const theirs = path.join(home, "theirs");
    mkdirSync(theirs);
    chownSync(theirs, 12_345, 12_345);
    symlinkSync(theirs, path.join(home, "link"));
    rmSync(path.join(home, "lifeboat"), { recursive: true });
    symlinkSync(path.join(home, "link", "lifeboat"), path.join(home, "lifeboat"));
    mkdirSync(path.join(theirs, "lifeboat"));
    expect(await run("--check")).toMatchObject({ code: 1, said: expect.stringContaining("user 12345") });
  });
});

test("in a folder that is this user's alone, what lies in it may have any mode [N2]", async () => {
  chmodSync(bin, 0o777);
  chmodSync(home, 0o700);
  expect(await run("--print-path")).toMatchObject({ code: 0, printed: `${bin}\n` });
});
