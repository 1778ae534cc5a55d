import examples from "../reference/json-examples.json";
import { declaredShapes } from "./support/kit";

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
