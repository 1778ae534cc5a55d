import { exporterTokenName } from "../../../../site/monitoring/exporter-token-name";
import { scopeOf } from "../../../../site/needs";
import { neededPrivileges, roleGrants } from "../../../../proxmox/rules/privileges";
import { environmentOf, exampleSettings } from "../../../support/example-environment";

test.each([
  ["lifeboat", "prod", 1, "lifeboat.prod.1"],
  ["2nd-site", "lab_1", 12, "p2nd-site.lab_1.12"],
])("the token of %s/%s has a name that Proxmox takes, and that says whose it is", (project, name, number, expected) => {
  const token = exporterTokenName(project, name, number);
  expect(token).toBe(expected);
  expect(token).toMatch(/^[A-Za-z][A-Za-z0-9.\-_]+$/u);
});

function modifying(scope: ReturnType<typeof scopeOf>) {
  return neededPrivileges(scope).filter(({ privilege }) => privilege === "User.Modify");
}

test("only who makes the exporter's tokens needs User.Modify, on the group of its user and nowhere else [N5]", () => {
  const watched = scopeOf(environmentOf({ ...exampleSettings(), exporterTokens: [2, 1, 2] }));
  const unwatched = scopeOf(environmentOf(exampleSettings()));
  expect(modifying(watched)).toMatchObject([{ path: "/access/groups/lifeboat-exporter", features: ["deploy"] }]);
  expect(modifying(unwatched)).toEqual([]);
  expect(roleGrants(unwatched).map(({ role }) => role)).not.toContain("LifeboatTokens");
  expect(roleGrants(watched).filter(({ privileges }) => privileges.includes("User.Modify"))).toMatchObject([
    { role: "LifeboatTokens", path: "/access/groups/lifeboat-exporter" },
  ]);
});

test("numbers of tokens are sorted, each once; what is no number is refused", () => {
  expect(environmentOf({ ...exampleSettings(), exporterTokens: [3, 1, 3] }).exporterTokens).toEqual([1, 3]);
  expect(environmentOf(exampleSettings()).exporterTokens).toEqual([]);
  expect(() => environmentOf({ ...exampleSettings(), exporterTokens: [0] })).toThrow(/exporterTokens/u);
});
