import { parseCheckpoint } from "../../../../site/state/checkpoint";
import { ciphertextsOf, diffStates, type OpenSecret } from "../../../../site/state/state-diff";
import { openSecrets } from "../../../../scripts/project/passphrase";
import { type BuiltResource, builtType, StateBuilder } from "../../../support/state/build-state";

const builder = new StateBuilder("shop", "prod", "test passphrase");
let open: OpenSecret;

beforeAll(async () => {
  open = await openSecrets(builder.salt, "test passphrase");
});

function diff(from: BuiltResource[], to: BuiltResource[], opener: OpenSecret = open) {
  const side = (resources: BuiltResource[]) => ({
    checkpoint: parseCheckpoint(builder.checkpoint({ resources })),
    open: opener,
  });
  return diffStates(side(from), side(to));
}

test("resources are told as added, removed and changed [E2]", () => {
  const result = diff(
    [
      { name: "same", id: "1", inputs: { size: "8GiB" } },
      { name: "gone", id: "2" },
      { name: "grown", id: "3", inputs: { size: "8GiB", tags: ["a", "b"], mode: 1 } },
      { name: "made-anew", id: "4" },
    ],
    [
      { name: "same", id: "1", inputs: { size: "8GiB" } },
      { name: "new", id: "5" },
      { name: "grown", id: "3", inputs: { size: "10GiB", tags: ["a", "b"] } },
      { name: "made-anew", id: "6" },
    ],
  );
  expect(result.added).toEqual([{ urn: builder.urn("new"), name: "new", type: builtType, id: "5" }]);
  expect(result.removed).toMatchObject([{ name: "gone", id: "2" }]);
  expect(result.changed).toMatchObject([
    {
      name: "grown",
      inputs: [
        { name: "size", from: '"8GiB"', to: '"10GiB"', secret: false },
        { name: "mode", from: "1", to: "unset", secret: false },
      ],
    },
    { name: "made-anew", idFrom: "4", id: "6", inputs: [] },
  ]);
  // The stack and its provider, and the one.
  expect(result.same).toBe(3);
});

test("a secret that every update encrypts anew is the same secret, and is never shown [E2]", () => {
  const same = diff([{ name: "a", id: "1", secret: "hunter2" }], [{ name: "a", id: "1", secret: "hunter2" }]);
  expect(same.changed).toEqual([]);
  const other = diff([{ name: "a", id: "1", secret: "hunter2" }], [{ name: "a", id: "1", secret: "hunter3" }]);
  expect(other.changed).toMatchObject([{ inputs: [{ name: "token", secret: true }] }]);
  expect(JSON.stringify(other)).not.toContain("hunter");
});

test("a secret that nobody can open counts as changed", () => {
  const result = diff([{ name: "a", id: "1", secret: "x" }], [{ name: "a", id: "1", secret: "x" }], () => undefined);
  expect(result.changed).toMatchObject([{ inputs: [{ name: "token", secret: true }] }]);
});

test("long values are named only", () => {
  const result = diff(
    [{ name: "a", id: "1", inputs: { text: "x".repeat(100) } }],
    [{ name: "a", id: "1", inputs: { text: "y".repeat(100) } }],
  );
  expect(result.changed[0]?.inputs).toEqual([{ name: "text", secret: false }]);
});

test("every encrypted value of a state is found, at any depth [G1]", () => {
  const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:b:c" };
  const text = builder.checkpoint({
    resources: [{ name: "a", id: "1", secret: "x", inputs: { deep: [{ in: secret }] } }],
  });
  // Inputs with both, and outputs with the one that is an input as well.
  expect(ciphertextsOf(parseCheckpoint(text))).toHaveLength(3);
});
