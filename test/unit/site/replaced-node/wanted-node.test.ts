import { isNodeFile, speaksOf, wantedNode } from "../../../../site/replaced-node/wanted-node";
import { savedNode } from "../../../support/new-node/saved-node";

const mapping = { nodes: new Map([["pve-prod", "pve-new"]]), storages: new Map([["local", "tank"]]) };

test("names of the node and of its storages are the new ones, wherever they stand, and no others [H5]", () => {
  const { now, storages, inPlace, access } = wantedNode(savedNode, "pve-prod", mapping);
  expect(now).toBe("pve-new");
  expect(storages.map(({ id, properties }) => [id, properties.get("nodes")])).toEqual([
    ["share", "pve-new,pve2"],
    ["vault", undefined],
    ["silent", undefined],
  ]);
  expect(inPlace).toEqual([{ old: "local", now: "tank", content: ["iso", "vztmpl", "backup", "rootdir"] }]);
  expect(access.pools.map((pool) => pool.storages)).toEqual([["tank", "share"]]);
  expect([...new Set(access.acl.map(({ path }) => path))]).toEqual(["/", "/nodes/pve-new", "/storage/tank"]);
});

test("a node that kept its names gets its storages as they were [H5]", () => {
  const { now, storages, inPlace } = wantedNode(savedNode, "pve-prod", undefined);
  expect([now, storages.map(({ id }) => id), inPlace]).toEqual(["pve-prod", ["local", "share", "vault", "silent"], []]);
});

test("of another node of the cluster the network is not taken [H5]", () => {
  const files = new Map([...savedNode, ["etc/hostname", "pve2.example.com\n"]]);
  expect([speaksOf(files, "pve2"), speaksOf(files, "pve-prod"), speaksOf(files, "pve3")]).toEqual([
    "its own",
    "of its cluster",
    "not",
  ]);
  expect(wantedNode(files, "pve-prod", mapping).interfaces).toBeUndefined();
  expect(wantedNode(savedNode, "pve-prod", mapping).interfaces).toContain("eno1");
});

test("files that open the node, and whatever else lies in a dump, are not even read [H5, N1]", () => {
  const paths = [
    "etc/shadow",
    "etc/pve/priv/shadow.cfg",
    "etc/apt/auth.conf",
    "root/.ssh/id_rsa",
    "etc/pve/firewall/101.fw",
  ];
  expect(paths.filter(isNodeFile)).toEqual([]);
});
