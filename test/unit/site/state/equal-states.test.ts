import { differingResources } from "../../../../site/state/equal-states";

const signature = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const secret = (ciphertext: string) => ({ ...signature, ciphertext });
const resource = (name: string, rest: object = {}) => ({ urn: `urn:${name}`, type: "a:b:C", id: name, ...rest });
/** `left:x` and `right:x` are both x. */
const open = (ciphertext: string) => ciphertext.split(":")[1] ?? "";

const left = [resource("a", { outputs: { list: [1, { key: secret("left:x") }], plain: "y" } }), resource("b")];

test("the same but for how secrets are encrypted and the order of members: no difference [B3]", () => {
  const right = [resource("b"), resource("a", { outputs: { plain: "y", list: [1, { key: secret("right:x") }] } })];
  expect(differingResources(left, right, open, open)).toEqual([]);
});

test.each([
  [
    "another secret",
    [resource("a", { outputs: { list: [1, { key: secret("right:z") }], plain: "y" } }), resource("b")],
    ["urn:a"],
  ],
  ["another id", [left[0], resource("b", { id: "other" })], ["urn:b"]],
  ["one that is missing", [left[0]], ["urn:b"]],
  ["one more", [...left, resource("c")], ["urn:c"]],
  ["one that waits to be deleted", [...left, resource("b", { delete: true })], ["urn:b"]],
])("%s is a difference [B3]", (_, right, urns) => {
  expect(differingResources(left, right, open, open)).toEqual(urns);
});
