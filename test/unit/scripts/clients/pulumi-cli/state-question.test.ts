import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answering, askWhoStarted, questionVariable } from "../../../../../scripts/clients/pulumi-cli/state-question";

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-question-"))));

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const refused = () => Promise.reject(new Error("the store does not answer"));

test("the program is told what is found when it asks, and not before [N2]", async () => {
  let why: string | undefined = "another";
  const told = await answering(
    folder,
    async () => why,
    async (variables) => {
      why = undefined;
      const same = await askWhoStarted(variables);
      return { same, again: await askWhoStarted(variables) };
    },
  );
  expect(told).toEqual({ same: undefined, again: undefined });
  rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "lifeboat-question-"));
  expect(await answering(folder, async () => "it is another", askWhoStarted)).toBe("it is another");
});

test("what cannot be looked at is not the same [K6, N2]", async () => {
  expect(await answering(folder, refused, askWhoStarted)).toBe(
    "whether it is the one of the plan is not known: the store does not answer",
  );
});

test("a program that never asks is not waited for, and nobody has to have started it [N2]", async () => {
  let looked = false;
  const look = async (): Promise<undefined> => void (looked = true);
  expect(await answering(folder, look, async () => "done")).toBe("done");
  expect(looked).toBe(false);
  expect(await askWhoStarted({})).toBeUndefined();
});

test("nobody answers any more: the update ends, and waits for nobody [K4, N2]", async () => {
  const ended = "whoever has started this update has ended";
  // No process has this id.
  expect(await askWhoStarted({ [questionVariable]: `4194305:${folder}` })).toBe(ended);
  expect(existsSync(join(folder, "asked"))).toBe(true);
  expect(await askWhoStarted({ [questionVariable]: `${String(process.pid)}:${folder}/gone` })).toBe(ended);
  writeFileSync(join(folder, "answered"), "");
  expect(await askWhoStarted({ [questionVariable]: `4194305:${folder}` })).toBeUndefined();
});
