import { createHash } from "node:crypto";
import { TestSite } from "../guests/support";
import { TestServer, TOKENS } from "./support";

/** Where users come from, and what a machine's and a container's folders hold: read by clients before anything else. */
let site: TestServer;

beforeAll(async () => {
  site = await TestServer.start();
});

afterAll(() => site.end());

const get = (path: string, token?: string) => site.call("GET", path, token === undefined ? {} : { token });

describe("realms of the emulator", () => {
  test("are told to everybody, one of them only to those who may", async () => {
    expect((await get("/access/domains")).body.data).toEqual([
      { realm: "pam", type: "pam", comment: "Linux PAM standard authentication" },
      { realm: "pve", type: "pve", comment: "Proxmox VE authentication server" },
    ]);
    expect((await get("/access/domains/pam", TOKENS.root)).body.data).toEqual({
      type: "pam",
      comment: "Linux PAM standard authentication",
      plugin: "PVE::Auth::PAM",
      digest: createHash("sha1").update("").digest("hex"),
    });
    expect((await get("/access/domains/ldap", TOKENS.root)).reason).toBe("domain 'ldap' does not exist");
    expect((await get("/access/domains/pam", TOKENS.own)).reason).toBe(
      "Permission check failed (/access/realm, Realm.Allocate|Sys.Audit)",
    );
  });

  test("ask nobody for a second factor", async () => {
    expect((await get("/access/users/root@pam/tfa", TOKENS.root)).body.data).toEqual({});
    expect((await get("/access/users/root@pam/tfa?multiple=1", TOKENS.root)).body.data).toEqual({ user: [] });
    const alone = await TestSite.open();
    expect((await alone.refusal("GET", "/access/users/a@none/tfa")).message).toBe("auth domain 'none' does not exist");
    alone.close();
  });
});

describe("a machine's values", () => {
  test("are settled first: keys are keys, shares no more than the node has", async () => {
    const post = (body: string) => site.call("POST", "/nodes/one/qemu", { token: TOKENS.root, body });
    expect((await post("vmid=200&pool=none&sshkeys=ssh-ed25519%2520AAAA")).reason).toBe(
      "SSH public key validation error",
    );
    expect((await post("vmid=200&cpuunits=200000")).status).toBe(200);
    await site.node().tasks.wait(site.node().tasks.list()[0]?.upid ?? "");
    expect((await get("/nodes/one/qemu/200/config", TOKENS.root)).body.data).toMatchObject({ cpuunits: 10_000 });
    expect((await get("/nodes/one/qemu/200", TOKENS.root)).body.data).toContainEqual({ subdir: "remote_migrate" });
    expect((await get("/nodes/one/qemu/200/status", TOKENS.root)).body.data).toContainEqual({ subdir: "suspend" });
    expect((await get("/nodes/one/qemu/201/status", TOKENS.root)).reason).toContain("does not exist");
  });
});
