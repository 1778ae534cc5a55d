import { ProxmoxClient } from "../../../proxmox/api/client";
import type { Answer, Request } from "../../../proxmox/api/request";
import { componentKinds, resourceTypes } from "../../../site/resources";
import { requireOwnGuests } from "../../../stacks/own-guests";
import { environmentOf, exampleSettings } from "../../support/example-environment";
import { runProgram } from "../../support/pulumi-mocks";

const environment = environmentOf(exampleSettings());
const [declared] = environment.guests;
const endpoint = "https://192.0.2.11:8006";
const { component } = componentKinds.container;

/** A node with one container, and what it says of itself. */
function nodeWith(vmid: number, description: string): ProxmoxClient {
  const send = async ({ path, parameters = {} }: Request): Promise<Answer> => {
    const place = path.join("/");
    if (place === "cluster/nextid") return { data: String(parameters["vmid"]), total: undefined };
    const listed = [{ vmid, node: "pve-prod", type: "lxc", status: "stopped", id: `lxc/${String(vmid)}` }];
    const data = place.endsWith("/config") ? { hostname: "x", description, digest: "d" } : listed;
    return { data, total: undefined };
  };
  return new ProxmoxClient({ endpoint, send, close: async () => undefined });
}

const inState = (id: string, name: string) => ({
  urn: `urn:pulumi:prod::lifeboat::${component}$${resourceTypes.container}::${name}-container`,
  type: resourceTypes.container,
  custom: true,
  id,
});

async function why(client: ProxmoxClient, resource: ReturnType<typeof inState>): Promise<string> {
  try {
    await runProgram({}, () => requireOwnGuests(client, environment, [resource]));
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test.each([
  ["of nobody", "made by hand", "was not made by Lifeboat"],
  ["of another environment", "lifeboat: lab/old", "is guest old of environment lab"],
  ["of another name", "lifeboat: prod/web", "is guest web of environment prod"],
])("a guest %s that somebody has written into the state is not deleted [N2]", async (_, description, said) => {
  const text = await why(nodeWith(177, description), inState("177", "old"));
  expect(text).toContain(said);
  expect(text).toContain("pulumi would delete it\nHINT: somebody else may have written that: lifeboat restore state");
});

test("an own guest that the settings name no longer goes on to be deleted, and one that is gone stops nothing [N2]", async () => {
  expect(await why(nodeWith(177, "lifeboat: prod/old"), inState("177", "old"))).toBe("");
  expect(await why(nodeWith(101, ""), inState("177", "old"))).toBe("");
  expect(await why(nodeWith(177, ""), inState("pve-prod/177", "old"))).toContain("no id of a guest");
});

test("a guest of the settings is the gate's affair, and only under its own id [N2]", async () => {
  const [id, name] = [declared?.id ?? 0, declared?.name ?? ""];
  expect(await why(nodeWith(id, "anything"), inState(String(id), name))).toBe("");
  expect(await why(nodeWith(177, "anything"), inState("177", name))).toContain("was not made by Lifeboat");
  const waiting = { ...inState(String(id), name), delete: true };
  expect(await why(nodeWith(id, "anything"), waiting)).toContain("was not made by Lifeboat");
});
