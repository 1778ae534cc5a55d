import { definingWords, definitionOf } from "../../../site/storage-definition";

test("a folder and an export are defined as the program defines them: for backups only, shared or not always said [H1]", () => {
  expect(definitionOf({ type: "dir", id: "backup", path: "/mnt/backup", shared: false, nodes: ["a", "b"] })).toEqual({
    storage: "backup",
    type: "dir",
    content: "backup",
    path: "/mnt/backup",
    shared: 0,
    nodes: "a,b",
  });
  expect(
    definitionOf({ type: "nfs", id: "nas", server: "192.0.2.20", export: "/backup", options: "vers=4.2" }),
  ).toEqual({
    storage: "nas",
    type: "nfs",
    content: "backup",
    server: "192.0.2.20",
    export: "/backup",
    options: "vers=4.2",
  });
});

test("what the settings do not describe, and what has a password, is defined by hand, and its line has no password [H1]", () => {
  const server = {
    type: "pbs",
    id: "pbs",
    server: "192.0.2.30",
    datastore: "main",
    username: "backup@pbs",
    password: "not-a-secret",
    namespace: "site-a",
  } as const;
  expect([definitionOf(server), definitionOf({ type: "adopted", id: "local" })]).toEqual([undefined, undefined]);
  const line = definingWords(server).join(" ");
  expect(line).toBe(
    "pvesm add pbs pbs --server 192.0.2.30 --datastore main --username backup@pbs --namespace site-a --password",
  );
  expect(definingWords({ type: "dir", id: "backup", path: "/mnt/my backup", shared: true })).toEqual([
    "pvesm",
    "add",
    "dir",
    "backup",
    "--content",
    "backup",
    "--path",
    "/mnt/my backup",
    "--shared",
    "1",
  ]);
});
