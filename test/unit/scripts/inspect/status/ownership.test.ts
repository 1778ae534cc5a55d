import { ownershipProblems } from "../../../../../scripts/inspect/status/ownership";

test("a guest that cannot be read is said in a sentence that begins with the guest [D15]", () => {
  const ownership = { present: "not allowed", type: "lxc", archives: [] } as const;
  const problems = ownershipProblems({ id: 101, node: "pve-prod", name: "web" }, ownership, "prod");
  expect(problems).toEqual([{ kind: "unread", text: "guest 101 does not tell whose it is: not allowed" }]);
});
