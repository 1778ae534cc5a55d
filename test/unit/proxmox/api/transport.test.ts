import { createServer } from "node:net";
import { type ClientOptions, createClient, type ProxmoxClient, readOnly } from "../../../../proxmox/api/client";
import { readCertificate } from "../../../../proxmox/api/certificate";
import { ProxmoxError, ReadOnlyViolation } from "../../../../proxmox/api/errors";
import { secondFactorDue } from "../../../../proxmox/api/sign-in";
import { type Handler, NodeServer } from "./node-server";

const token = { kind: "token", value: "lifeboat@pve!cli=not-a-secret-1" } as const;
const version = { data: { version: "9.2.11", release: "9.2", repoid: "0" } };

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(handler: Handler, address?: string): Promise<NodeServer> {
  const server = await NodeServer.start(handler, address);
  open.push(() => server.stop());
  return server;
}

function clientOf(server: NodeServer, options: Partial<ClientOptions> = {}): ProxmoxClient {
  const trust = { kind: "ca", pem: server.ca } as const;
  const client = createClient({ endpoint: server.endpoint, trust, credential: token, ...options });
  open.push(() => client.close());
  return client;
}

async function failure(request: Promise<unknown>): Promise<ProxmoxError> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProxmoxError) return error;
  throw new Error(`expected a ProxmoxError, got ${String(error)}`);
}

describe("trust", () => {
  test("a certificate of the site's authority is accepted, and the token goes in the header", async () => {
    const server = await serve(() => ({ body: version }));
    await expect(clientOf(server).cluster.version()).resolves.toEqual({ version: "9.2.11", release: "9.2" });
    expect(server.seen[0]?.headers["authorization"]).toBe(`PVEAPIToken=${token.value}`);
    expect(server.seen[0]?.url).toBe("/api2/json/version");
  });

  test.each([
    ["another authority", async () => ({ kind: "ca", pem: (await serve(() => ({}))).ca }) as const],
    ["the system's authorities", async () => ({ kind: "system" }) as const],
    ["another fingerprint", async () => ({ kind: "fingerprint", sha256: "AA:".repeat(31) + "AA" }) as const],
  ])("with %s nothing is sent", async (_name, trustOf) => {
    const server = await serve(() => ({ body: version }));
    const error = await failure(clientOf(server, { trust: await trustOf() }).cluster.version());
    expect(error.kind).toBe("untrusted");
    expect(error.message).toContain(server.endpoint);
    expect(server.seen).toEqual([]);
  });

  test("the wrong fingerprint is told with the one that was shown", async () => {
    const server = await serve(() => ({ body: version }));
    const trust = { kind: "fingerprint", sha256: "AA:".repeat(31) + "AA" } as const;
    expect((await failure(clientOf(server, { trust }).cluster.version())).message).toContain(server.fingerprint);
  });

  test("the right fingerprint is enough, in any spelling and on every connection", async () => {
    const server = await serve(() => ({ body: version, headers: { Connection: "close" } }));
    const sha256 = server.fingerprint.toLowerCase().replaceAll(":", "");
    const client = clientOf(server, { trust: { kind: "fingerprint", sha256 } });
    for (let round = 0; round < 3; round += 1) await client.cluster.version();
    expect(server.connections).toBe(3);
  });

  test("a certificate for another name is refused, unless it is pinned", async () => {
    const server = await serve(() => ({ body: version }), "127.0.0.5");
    const error = await failure(clientOf(server).cluster.version());
    expect(error.kind).toBe("untrusted");
    expect(error.message).toContain("issued for another name or address");
    expect(server.seen).toEqual([]);
    const pinned = { kind: "fingerprint", sha256: server.fingerprint } as const;
    await clientOf(server, { trust: pinned }).cluster.version();
    await expect(readCertificate(server.endpoint, pinned)).resolves.toMatchObject({ namesEndpoint: false });
  });

  test("the certificate can be read without sending anything", async () => {
    const server = await serve(() => ({}));
    const found = await readCertificate(server.endpoint, { kind: "ca", pem: server.ca });
    expect(found).toMatchObject({ fingerprint: server.fingerprint, namesEndpoint: true });
    expect(found.validTo).toBeGreaterThan(Date.now() / 1_000);
    await expect(readCertificate(server.endpoint, { kind: "system" })).rejects.toMatchObject({ kind: "untrusted" });
    expect(server.seen).toEqual([]);
  });

  test("an address without TLS is no endpoint", () => {
    expect(() =>
      createClient({ endpoint: "http://127.0.0.1:1", trust: { kind: "system" }, credential: token }),
    ).toThrow("not an https address");
  });
});

describe("failures by kind", () => {
  test.each([
    [401, "No ticket", "", "unauthorized", "No ticket"],
    [403, "Permission check failed (/vms/101, VM.Backup)", { data: null }, "forbidden", "VM.Backup"],
    [403, "x", { data: null, message: "Permission check failed\n" }, "forbidden", "Permission check failed"],
    [
      400,
      "Parameter verification failed.",
      { data: null, message: "Parameter verification failed.\n", errors: { vmid: "bad\n" } },
      "invalid",
      "vmid: bad",
    ],
    [400, "Parameter verification failed.", { data: null, errors: { id: "No such job 'x'" } }, "gone", "No such job"],
    [500, "Configuration file 'nodes/pve/lxc/999.conf' does not exist", { data: null }, "gone", "999.conf"],
    [500, "CT is locked (backup)", { data: null, message: "CT is locked (backup)\n" }, "failed", "locked"],
    [501, "Method 'GET /x' not implemented", { data: null }, "failed", "not implemented"],
    [595, "Errors during connection establishment", "", "lost", "595"],
    [596, "Broken pipe", "", "lost", "Broken pipe"],
    [599, "Too many redirections", "", "lost", "Too many"],
    [302, "Found", "", "unexpected", "Found"],
  ])("%i %s", async (status, reason, body, kind, text) => {
    const server = await serve(() => ({ status, reason, body }));
    const error = await failure(clientOf(server).post(["nodes", "pve", "vzdump"], { vmid: 101 }));
    expect(error.kind).toBe(kind);
    if (kind !== "lost" || text !== "595") expect(error.message).toContain(text);
    expect(error.status).toBe(status);
    expect(error.endpoint).toBe(server.endpoint);
  });

  test("a guest that is locked: what for", async () => {
    const server = await serve(() => ({
      status: 500,
      body: { data: null, message: "VM is locked (snapshot-delete)\n" },
    }));
    const refused = await failure(clientOf(server).post(["nodes", "pve", "vzdump"], { vmid: 101 }));
    expect([refused.kind, refused.lock]).toEqual(["failed", "snapshot-delete"]);
    const other = await serve(() => ({ status: 500, body: { data: null, message: "no such thing\n" } }));
    expect((await failure(clientOf(other).post(["nodes", "pve", "vzdump"], { vmid: 101 }))).lock).toBeUndefined();
  });

  test("nobody listens: unreachable, with the address", async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const address = probe.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await new Promise((resolve) => probe.close(resolve));
    const endpoint = `https://127.0.0.1:${String(port)}`;
    const client = createClient({ endpoint, trust: { kind: "system" }, credential: token });
    const error = await failure(client.cluster.version());
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain(endpoint);
    await client.close();
  });

  test("a listener that says nothing: the connection is given up in time", async () => {
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const endpoint = `https://127.0.0.1:${String(typeof address === "object" ? address?.port : 0)}`;
    const client = createClient({ endpoint, trust: { kind: "system" }, credential: token, timeouts: { connect: 300 } });
    expect((await failure(client.cluster.version())).kind).toBe("unreachable");
    await client.close();
    await new Promise((resolve) => silent.close(resolve));
  });

  test("an answer that takes too long is lost, not unreachable: the request may have worked", async () => {
    const server = await serve(() => new Promise((resolve) => setTimeout(() => resolve({}), 800)));
    const client = clientOf(server, { timeouts: { answer: 200 } });
    const error = await failure(client.post(["nodes", "pve", "lxc"], {}));
    expect(error.kind).toBe("lost");
    expect(error.message).toContain("no answer within 0.2 s");
    expect(server.seen).toHaveLength(1);
  });

  test("an answer that stops in the middle is lost, and is waited for no longer than one that never comes [K2]", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write('{"data":[');
      return "handled";
    });
    const error = await failure(clientOf(server, { timeouts: { answer: 200 } }).cluster.version());
    expect([error.kind, error.message]).toEqual(["lost", expect.stringContaining("no answer within 0.2 s")]);
  });

  test("a connection that breaks: a GET is asked again once, a POST never", async () => {
    const server = await serve((_request, response) => {
      response.destroy();
      return "handled";
    });
    const client = clientOf(server);
    expect((await failure(client.cluster.version())).kind).toBe("lost");
    expect(server.seen).toHaveLength(2);
    expect((await failure(client.post(["nodes", "pve", "lxc"], {}))).kind).toBe("lost");
    expect(server.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  test.each(["delete", "post", "put"] as const)(
    "a kept connection that the node has just closed fails no %s: it goes on one of its own, once [K3]",
    async (method) => {
      const used = new WeakSet<object>();
      const done: string[] = [];
      const server = await serve((request, response) => {
        const { socket } = response;
        if (socket === null || used.has(socket)) {
          socket?.destroy();
          return "handled";
        }
        used.add(socket);
        done.push(request.method.toLowerCase());
        return { body: version };
      });
      const client = clientOf(server);
      await client.cluster.version();
      await client[method](["storage", "backup"], {});
      await client[method](["storage", "backup"], {});
      expect(done).toEqual(["get", method, method]);
    },
  );

  test("an aborted request ends with the signal's reason", async () => {
    const server = await serve(() => new Promise((resolve) => setTimeout(() => resolve({}), 800)));
    const abort = new AbortController();
    const request = clientOf(server).transport.send({ method: "GET", path: ["version"], signal: abort.signal });
    setTimeout(() => abort.abort(new Error("enough")), 50);
    await expect(request).rejects.toThrow("enough");
  });

  test("an answer of another form is unexpected, and names the request", async () => {
    const server = await serve(() => ({ body: { data: { version: 9 } } }));
    const error = await failure(clientOf(server).cluster.version());
    expect(error.kind).toBe("unexpected");
    expect(error.message).toContain("GET /version");
  });

  test("another web server is unexpected", async () => {
    const server = await serve(() => ({ body: "<html>hello</html>" }));
    expect((await failure(clientOf(server).cluster.version())).kind).toBe("unexpected");
  });

  test("control characters of an answer are not in the message", async () => {
    const body = { data: null, message: "bad \u001b[31mname\u0007\u202e\n" };
    const server = await serve(() => ({ status: 500, body }));
    expect((await failure(clientOf(server).cluster.version())).message).toBe("bad name");
  });
});

describe("requests", () => {
  test("everything is percent-encoded, in paths, queries and forms", async () => {
    const server = await serve(() => ({}));
    const client = clientOf(server);
    const volid = "local:backup/vzdump-lxc-101-2026_11_20-20_13_14.tar.zst";
    await client.put(["nodes", "pve", "content", volid], { notes: "a'; touch pwned; $(x) \" = & + ü", keep: "a=b=c" });
    await client.get(["cluster", "nextid"], {
      vmid: 101,
      list: ["a b", "c&d"],
      flag: true,
      off: false,
      none: undefined,
    });
    await client.delete(["x", "root@pam!tok"], { purge: true });
    const [put, get, remove] = server.seen;
    expect(put?.url).toBe("/api2/json/nodes/pve/content/local%3Abackup%2Fvzdump-lxc-101-2026_11_20-20_13_14.tar.zst");
    expect(put?.body).toBe(
      "notes=a%27%3B%20touch%20pwned%3B%20%24%28x%29%20%22%20%3D%20%26%20%2B%20%C3%BC&keep=a%3Db%3Dc",
    );
    expect(put?.headers["content-length"]).toBe(String(put?.body.length));
    expect(get?.url).toBe("/api2/json/cluster/nextid?vmid=101&list=a%20b&list=c%26d&flag=1&off=0");
    expect(remove).toMatchObject({ url: "/api2/json/x/root%40pam%21tok?purge=1", body: "" });
  });

  test.each(["", ".", ".."])("'%s' is no part of a path", async (part) => {
    const server = await serve(() => ({}));
    await expect(clientOf(server).get(["nodes", part, "lxc"])).rejects.toThrow(RangeError);
    expect(server.seen).toEqual([]);
  });

  test("a redirect is not followed: the token would go along", async () => {
    const other = await serve(() => ({ body: version }));
    const server = await serve(() => ({ status: 302, headers: { Location: `${other.endpoint}/api2/json/version` } }));
    await failure(clientOf(server).cluster.version());
    expect(other.seen).toEqual([]);
  });

  test("a read-only client refuses every change before it is sent", async () => {
    const server = await serve(() => ({ body: version }));
    const client = readOnly(clientOf(server));
    await client.cluster.version();
    await expect(client.post(["nodes", "pve", "lxc"])).rejects.toThrow(ReadOnlyViolation);
    await expect(client.put(["x"])).rejects.toThrow("PUT /x");
    await expect(client.delete(["x"])).rejects.toThrow(ReadOnlyViolation);
    await expect(client.backups.vzdump("pve", 101, {})).rejects.toThrow(ReadOnlyViolation);
    expect(server.seen.map(({ method }) => method)).toEqual(["GET"]);
  });
});

describe("signing in with a password", () => {
  const ticket = { data: { ticket: "PVE:root@pam:1::x=y", CSRFPreventionToken: "csrf-1", username: "root@pam" } };
  const password = { kind: "password", username: "root@pam", password: "not-a-secret-2" } as const;

  test("one ticket serves all requests; changes carry the second header", async () => {
    const server = await serve(({ url }) => ({ body: url.endsWith("/access/ticket") ? ticket : version }));
    const client = clientOf(server, { credential: password });
    await Promise.all([client.cluster.version(), client.cluster.version()]);
    await client.post(["x"]);
    const [signIn, ...others] = server.seen;
    expect(signIn?.body).toBe("username=root%40pam&password=not-a-secret-2");
    expect(others.map(({ url }) => url)).not.toContain("/api2/json/access/ticket");
    expect(others[0]?.headers["cookie"]).toBe("PVEAuthCookie=PVE%3Aroot%40pam%3A1%3A%3Ax%3Dy");
    expect(others[0]?.headers["csrfpreventiontoken"]).toBeUndefined();
    expect(others[2]?.headers["csrfpreventiontoken"]).toBe("csrf-1");
  });

  test("a refused ticket is renewed once", async () => {
    let refused = false;
    const server = await serve(({ url }) => {
      if (url.endsWith("/access/ticket")) return { body: ticket };
      if (refused) return { body: version };
      refused = true;
      return { status: 401, body: "" };
    });
    await clientOf(server, { credential: password }).cluster.version();
    expect(server.seen.map(({ url }) => url.slice("/api2/json".length))).toEqual([
      "/access/ticket",
      "/version",
      "/access/ticket",
      "/version",
    ]);
  });

  test.each([
    ["it says so", { ...ticket.data, NeedTFA: 1 }],
    ["only the ticket says so", { ...ticket.data, ticket: "PVE:!tfa!%7B%22totp%22%3Atrue%7D:1::x=y" }],
  ])("a second factor is an answer, and no defect: %s", async (_how, data) => {
    const server = await serve(() => ({ body: { data } }));
    const error = await failure(clientOf(server, { credential: password }).cluster.version());
    expect(error).toMatchObject({ kind: "unauthorized", reason: secondFactorDue, request: "POST /access/ticket" });
    expect(server.seen).toHaveLength(1);
  });

  test("an answer without a ticket is none that Proxmox gives", async () => {
    const server = await serve(() => ({ body: { data: { username: "root@pam" } } }));
    expect(await failure(clientOf(server, { credential: password }).cluster.version())).toMatchObject({
      kind: "unexpected",
    });
  });

  test("a wrong password is unauthorized, and tried once", async () => {
    const server = await serve(() => ({ status: 401, reason: "authentication failure", body: { data: null } }));
    const error = await failure(clientOf(server, { credential: password }).cluster.version());
    expect(error).toMatchObject({ kind: "unauthorized", reason: "authentication failure" });
    expect(error.message).not.toContain(password.password);
    expect(server.seen).toHaveLength(1);
  });
});
