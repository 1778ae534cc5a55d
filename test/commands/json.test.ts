import examples from "../reference/json-examples.json";
import { declaredShapes } from "./support/kit";
import { runLifeboat } from "./support/run-bundle";

test("every command declares what it prints with --json [K1]", async () => {
  const without = [...(await declaredShapes())].flatMap(([name, shape]) => (shape === undefined ? [name] : []));
  expect(without).toEqual([]);
});

test("the examples of the reference are what their shapes declare, and nothing else [K1]", async () => {
  const shapes = await declaredShapes();
  for (const [name, example] of Object.entries<unknown>(examples)) {
    expect({ [name]: shapes.get(name)?.parse(example) }).toEqual({ [name]: example });
  }
});

test.each([["restore"], ["state"], ["--quiet"]])(
  "'lifeboat %s' names no command: a script gets one error, where a person gets help [K1, K2]",
  async (word) => {
    const place = { cwd: "/", env: {} };
    const { code, stdout } = await runLifeboat([word, "--json"], place);
    expect([code, stdout.split("\n").length, JSON.parse(stdout)]).toMatchObject([
      2,
      2,
      { message_type: "error", exitCode: 2, message: "Unable to read the command line: no command is named" },
    ]);
    const shown = await runLifeboat([word], place);
    expect([shown.code, shown.stdout, shown.stderr]).toEqual([2, "", expect.stringContaining("lifeboat ")]);
  },
);
