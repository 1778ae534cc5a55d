import type { StateResource } from "../../../../site/state/checkpoint";
import { ownNames, whyForeignName } from "../../../../site/state/own-names";
import { environmentOf, exampleSettings } from "../../../support/example-environment";

const names = ownNames(environmentOf(exampleSettings()));
const type = "proxmoxve:user/token:Token";
const own = { userId: "lifeboat-exporter@pve", tokenName: "shop.prod.2" };

function why(name: string, held: Readonly<Record<string, unknown>>, id = "lifeboat-exporter@pve!shop.prod.2") {
  const urn = `urn:pulumi:prod::shop::lifeboat:monitoring:ExporterToken$${type}::${name}`;
  const resource: StateResource = { urn, type, custom: true, id, inputs: held, outputs: held };
  return whyForeignName(resource, name, names);
}

test("a token of the exporter is the stack's own, also one that has left the settings [N5]", () => {
  expect(why("exporter-2-token", own)).toBeUndefined();
  expect(why("exporter-2-token", own, "")).toBeUndefined();
});

test.each([
  [
    "exporter-1-token",
    own,
    undefined,
    "it names token lifeboat-exporter@pve!shop.prod.2, and the program makes lifeboat-exporter@pve!shop.prod.1 here",
  ],
  [
    "exporter-2-token",
    own,
    "root@pam!shop.prod.2",
    "it names token root@pam!shop.prod.2, lifeboat-exporter@pve!shop.prod.2, and",
  ],
  ["exporter-2-token", { ...own, userId: "lifeboat@pve" }, undefined, "lifeboat@pve!shop.prod.2, and"],
  ["exporter-2-token", { ...own, tokenName: "other.prod.2" }, undefined, "lifeboat-exporter@pve!other.prod.2, and"],
  ["exporter-2-token", { tokenName: "shop.prod.2" }, undefined, "(something that is no name)"],
  ["exporter-token", own, undefined, "the program makes nothing of this name"],
  ["exporter-02-token", own, undefined, "the program makes nothing of this name"],
])("%s with %j and the id %s is somebody else's: an update would delete it [N5]", (name, held, id, reason) => {
  expect(why(name, held, id)).toContain(reason);
});
