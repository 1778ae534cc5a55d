import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCommand } from "../../../../../scripts/clients/node-program/archive-reader";
import { packTree } from "../../../../sandbox/drivers/archives";
import { askForced, installed } from "./read-here";

/** The program as the forced command of a key, as `sshd` runs it: the shell of the user, and what was asked in a variable. */
const folder = mkdtempSync(join(tmpdir(), "lifeboat-forced-"));
const dump = join(folder, "storage/dump");
const name = "vzdump-lxc-101-2026_11_20-01_00_00.tar.zst";
const program = installed(join(folder, "sbin"));
const witness = join(folder, "witness");

beforeAll(async () => {
  mkdirSync(dump, { recursive: true });
  mkdirSync(join(folder, "elsewhere"));
  const tree = join(folder, "tree");
  mkdirSync(tree);
  const common = { tree, sources: ["."], configuration: "hostname: web\n", firewall: "", exclude: [], threads: 1 };
  const request = { ...common, compression: "zstd", temporary: join(folder, "temporary") } as const;
  for (const path of [join(dump, name), join(folder, "elsewhere", name)]) {
    await packTree({ ...request, destination: path }, () => undefined);
  }
  symlinkSync(join(folder, "elsewhere", name), join(dump, name.replace("101", "102")));
  writeFileSync(join(dump, "secret.txt"), "secret");
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each([false, true])(
  "the line with which Lifeboat reads an archive is read, whether gently (%s) or not [G1]",
  async (idle) => {
    const { code, stdout } = await askForced(program, [dump], readCommand(join(dump, name), idle));
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^lifeboat-archive 1\n[^]*\nwhole\n$/u)]);
  },
);

const archive = join(dump, name);

test.each([
  ["nothing", ""],
  ["a shell", "sh"],
  ["another program", `cat ${archive}`],
  ["a second command", `perl - ${archive}; touch ${witness}`],
  ["a second command in front", `touch ${witness}; perl - ${archive}`],
  ["a substitution", `perl - $(touch ${witness})${archive}`],
  ["a substitution by the old marks", `perl - \`touch ${witness}\`${archive}`],
  ["a pipe", `perl - ${archive}|touch ${witness}`],
  ["a line break", `perl - ${archive}\ntouch ${witness}`],
  ["a line break at the end", `perl - ${archive}\n`],
  ["a way up", `perl - ${dump}/../../elsewhere/${name}`],
  ["a folder below", `perl - ${dump}/more/${name}`],
  ["another folder", `perl - ${join(folder, "elsewhere", name)}`],
  ["a file that is no archive", `perl - ${dump}/secret.txt`],
  ["a program as an argument", `perl - -e 'system("touch ${witness}")' ${archive}`],
  ["two archives", `perl - ${archive} ${archive}`],
  ["a NUL-like end", `perl - ${archive}%00`],
])("%s is refused, and nothing of it is run [G1]", async (_, asked) => {
  const { code, stdout, stderr } = await askForced(program, [dump], asked);
  expect([code, stdout, stderr]).toEqual([13, "", expect.stringContaining("this key reads archives of vzdump")]);
  expect(existsSync(witness)).toBe(false);
});

test("a link in the folder leads nowhere, and a key without a folder reads nothing [G1]", async () => {
  const link = await askForced(program, [dump], `perl - ${archive.replace("101", "102")}`);
  expect(link.stdout).toMatch(/\nunread it cannot be opened: /u);
  expect((await askForced(program, [], `perl - ${archive}`)).code).toBe(13);
});

test("what a folder is called is no pattern [G1]", async () => {
  const likeIt = join(folder, "storage/d.mp");
  expect((await askForced(program, [likeIt], `perl - ${archive}`)).code).toBe(13);
  expect(readdirSync(dump)).toHaveLength(3);
});
