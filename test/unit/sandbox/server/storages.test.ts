import { type Reply, TestServer, TOKENS } from "./support";

let site: TestServer;

beforeAll(async () => {
  site = await TestServer.start();
});

afterAll(() => site.end());

function call(method: string, path: string, parameters: Record<string, string> = {}): Promise<Reply> {
  const body = new URLSearchParams(parameters).toString();
  return site.call(method, path, { token: TOKENS.root, ...(body !== "" && { body }) });
}

test("a folder's path is plain, and kept without a slash at its end", async () => {
  const made = { storage: "files", type: "dir", content: "iso" };
  expect(await call("POST", "/storage", { ...made, path: "/mnt/a b" })).toMatchObject({
    status: 500,
    reason: "illegal path for directory storage: /mnt/a b",
  });
  expect((await call("POST", "/storage", { ...made, path: "/" })).body.errors).toEqual({
    path: "invalid format - value does not look like a valid absolute path\n",
  });
  expect(await call("POST", "/storage", { ...made, path: "/mnt//files/" })).toMatchObject({ status: 200 });
  expect((await call("GET", "/storage/files")).body.data).toMatchObject({ path: "/mnt/files" });
});

test("'none' stands alone, and no nodes at all are every node", async () => {
  const text = "unable to combine 'none' with other content types";
  const made = { storage: "more", type: "dir", path: "/mnt/more" };
  expect(await call("POST", "/storage", { ...made, content: "none,iso" })).toMatchObject({ status: 500, reason: text });
  await call("POST", "/storage", { ...made, content: "iso", nodes: "one" });
  expect(await call("PUT", "/storage/more", { content: "none,iso" })).toMatchObject({
    reason: `update storage failed: ${text}`,
  });
  expect((await call("GET", "/storage/more")).body.data).toMatchObject({ nodes: "one", content: "iso" });
  await call("PUT", "/storage/more", { nodes: "" });
  expect((await call("GET", "/storage/more")).body.data).not.toHaveProperty("nodes");
});

test("a changed token comes back with what was sent as it was sent", async () => {
  const changed = await call("PUT", "/access/users/operator%40pve/token/own", { expire: "0", comment: "c" });
  expect(changed.body.data).toEqual({ privsep: 0, expire: "0", comment: "c" });
});
