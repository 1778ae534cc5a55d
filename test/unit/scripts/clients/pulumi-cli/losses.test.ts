import { withLeftOver } from "../../../../../scripts/clients/pulumi-cli/losses";
import { readPreview } from "../../../../../scripts/clients/pulumi-cli/preview";

const container = "proxmoxve:index/containerLegacy:ContainerLegacy";
const machine = "proxmoxve:index/vmLegacy:VmLegacy";
const urn = (type: string, name: string) => `urn:pulumi:prod::site::${type}::${name}`;

function step(op: string, type: string, name: string, oldState: object) {
  return { op, urn: urn(type, name), oldState: { urn: urn(type, name), type, custom: true, ...oldState } };
}

function lossesOf(...steps: object[]) {
  return readPreview({ code: 0, stdout: JSON.stringify({ steps }), stderr: "", timedOut: false }).losses;
}

test("a preview names what is deleted or made anew, guests with their id and the name that the state has [B3, N2]", () => {
  const db = { id: "105", inputs: { initialization: { hostname: "db" } } };
  const losses = lossesOf(
    step("delete", container, "db-container", db),
    step("create-replacement", machine, "app-machine", { id: "201", inputs: { name: "app" } }),
    step("replace", machine, "app-machine", { id: "201", inputs: { name: "app" } }),
    step("delete-replaced", machine, "app-machine", { id: "201", inputs: { name: "app" } }),
    step("delete", "lifeboat:guests:Container", "db", { custom: false }),
    step("update", container, "web-container", { id: "101" }),
    { op: "create", urn: urn(container, "new-container") },
  );
  expect(losses).toEqual([
    { operation: "replace", urn: urn(machine, "app-machine"), id: "201", guest: "app" },
    { operation: "delete", urn: urn(container, "db-container"), id: "105", guest: "db" },
    { operation: "delete", urn: urn("lifeboat:guests:Container", "db"), id: null, guest: null },
  ]);
});

test("what a state holds for deletion is named, which no preview says, also beside another of that name [B3, N2]", () => {
  const losses = lossesOf(step("replace", container, "web-container", { id: "101" }));
  const web = { urn: urn(container, "web-container"), type: container };
  const leftOver = [
    { ...web, id: "101" },
    { ...web, id: "666", delete: true },
    { ...web, id: "101", delete: true },
  ];
  expect(withLeftOver(losses, leftOver).map(({ operation, id }) => [operation, id])).toEqual([
    ["replace", "101"],
    ["delete", "666"],
  ]);
});
