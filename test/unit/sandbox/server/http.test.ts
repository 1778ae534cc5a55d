import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { TestServer, TOKENS } from "./support";

describe("the emulator's API over HTTPS", () => {
  let site: TestServer;
  beforeAll(async () => {
    site = await TestServer.start();
  });
  afterAll(() => site.end());

  const ticketSchema = z.object({ ticket: z.string(), CSRFPreventionToken: z.string() });

  async function signIn(): Promise<z.infer<typeof ticketSchema>> {
    const reply = await site.call("POST", "/access/ticket", { body: "username=root@pam&password=not-a-secret-root" });
    return ticketSchema.parse(reply.body.data);
  }

  test("a token signs in; an expired, a wrong and an unknown one get an empty 401", async () => {
    expect((await site.call("GET", "/version", { token: TOKENS.root })).body.data).toMatchObject({ version: "9.2.11" });
    for (const token of [TOKENS.expired, "root@pam!all=wrong", "nobody@pve!x=y"]) {
      const reply = await site.call("GET", "/version", { token });
      expect(reply).toMatchObject({ status: 401, reason: "Authentication failed!", text: "", contentType: undefined });
    }
  });

  test("sign-in comes before routing: without it a missing path is 401, with it 501", async () => {
    expect(await site.call("GET", "/nope")).toMatchObject({ status: 401, reason: "No ticket" });
    const reply = await site.call("GET", "/nope", { token: TOKENS.root });
    expect(reply).toMatchObject({ status: 501, reason: "Method 'GET /nope' not implemented" });
  });

  test("a ticket reads, and writes only with its CSRF token", async () => {
    const { ticket, CSRFPreventionToken } = await signIn();
    const headers = { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` };
    expect((await site.call("GET", "/version", { headers })).status).toBe(200);
    const refused = await site.call("POST", "/pools", { headers, body: "poolid=a" });
    expect(refused).toMatchObject({ status: 401, reason: "Permission denied - invalid csrf token" });
    const withToken = { ...headers, CSRFPreventionToken };
    expect((await site.call("POST", "/pools", { headers: withToken, body: "poolid=a" })).status).toBe(200);
  });

  test("a ticket ends after two hours of the site's clock", async () => {
    const { ticket } = await signIn();
    const headers = { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` };
    site.server.site.state.clockOffset = 7300;
    expect((await site.call("GET", "/version", { headers })).status).toBe(401);
    site.server.site.state.clockOffset = 0;
  });

  test("a form value ends at a second raw '='; a JSON body is read as well; the query wins", async () => {
    await site.call("POST", "/pools", { token: TOKENS.root, body: "poolid=cut&comment=a=b" });
    const json = '{"poolid":"json","comment":"from the body"}';
    await site.call("POST", "/pools?comment=query", { token: TOKENS.root, body: json, type: "application/json" });
    const pools = (await site.call("GET", "/pools", { token: TOKENS.root })).body.data;
    expect(pools).toEqual(
      expect.arrayContaining([
        { poolid: "cut", comment: "a" },
        { poolid: "json", comment: "query" },
      ]),
    );
  });

  test("bodies where none belong, and of other types, are refused", async () => {
    const onDelete = await site.call("DELETE", "/pools", { token: TOKENS.root, body: "poolid=x" });
    expect(onDelete).toMatchObject({ status: 501, text: "Unexpected content for method 'DELETE'" });
    const xml = await site.call("POST", "/pools", { token: TOKENS.root, body: "<x/>", type: "text/xml" });
    expect(xml).toMatchObject({ status: 506, contentType: undefined });
    expect(await site.call("PATCH", "/version", { token: TOKENS.root })).toMatchObject({ status: 501, text: "" });
  });

  test("all wrong parameters are named at once, in Proxmox's words", async () => {
    const body = "id=1x&all=yes&ionice=9&mode=fast&protected=1&nope=1&schedule=daily";
    const reply = await site.call("POST", "/cluster/backup", { token: TOKENS.root, body });
    expect(reply).toMatchObject({ status: 400, reason: "Parameter verification failed." });
    expect(reply.body.errors).toEqual({
      id: "invalid format - invalid configuration ID '1x'\n",
      all: "type check ('boolean') failed - got 'yes'",
      ionice: "value must have a maximum value of 8",
      mode: "value 'fast' does not have a value in the enumeration 'snapshot, suspend, stop'",
      storage: "missing property required by 'protected'",
      nope: "property is not defined in schema and the schema does not allow additional properties",
    });
  });

  test("a job's retention is an object of texts, its schedule is checked, a trailing slash does not matter", async () => {
    const body = "id=nightly&schedule=02:00&storage=local&vmid=101&prune-backups=keep-last%3D3";
    expect((await site.call("POST", "/cluster/backup/", { token: TOKENS.root, body })).status).toBe(200);
    const job = await site.call("GET", "/cluster/backup/nightly", { token: TOKENS.root });
    expect(job.body.data).toMatchObject({ "prune-backups": { "keep-last": "3" }, vmid: "101", enabled: 1 });
    const bad = await site.call("PUT", "/cluster/backup/nightly", { token: TOKENS.root, body: "schedule=whenever" });
    expect(bad.body.errors?.schedule).toMatch(/^invalid format - invalid calendar event 'whenever'/);
  });

  test("what fails under a lock comes back as 500 with the whole failure as its text", async () => {
    const reply = await site.call("DELETE", "/cluster/backup/gone", { token: TOKENS.root });
    expect(reply.status).toBe(500);
    expect(reply.body.message).toBe("400 Parameter verification failed.\nid: No such job 'gone'\n");
  });

  test("a call for the other node of the cluster is passed on; an unknown node has no address", async () => {
    const other = await site.call("GET", "/nodes/two/storage", { token: TOKENS.root });
    expect(other.status).toBe(200);
    const unknown = await site.call("GET", "/nodes/three/status", { token: TOKENS.root });
    expect(unknown).toMatchObject({ status: 500, reason: expect.stringMatching(/^hostname lookup 'three' failed - /) });
  });

  test("names and comments from outside come back unchanged", async () => {
    const text = "a'; touch pwned; $(x) \" ü";
    const body = `poolid=odd&comment=${encodeURIComponent(text)}`;
    await site.call("POST", "/pools", { token: TOKENS.root, body });
    const pool = await site.call("GET", "/pools/odd", { token: TOKENS.root });
    expect(pool.body.data).toMatchObject({ comment: text });
  });

  test("the request log has callers and parameters, and no secret", async () => {
    await signIn();
    const text = readFileSync(join(site.folder, "requests.ndjson"), "utf8");
    expect(text).toContain('"caller":"root@pam!all"');
    expect(text).toContain('"password":"***"');
    expect(text).not.toContain("not-a-secret");
    expect(readFileSync(join(site.folder, "site.json"), "utf8")).not.toContain("not-a-secret");
  });
});
