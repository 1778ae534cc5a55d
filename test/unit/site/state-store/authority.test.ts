import { X509Certificate } from "node:crypto";
import { createServer, connect, type TLSSocket } from "node:tls";
import {
  authorityProblem,
  createAuthority,
  createServerKey,
  issueServerCertificate,
  renewAuthority,
  type Authority,
  whyAuthorityDue,
} from "../../../../site/state-store/authority";
import { vouchesFor } from "../../../../site/state-store/name-constraints";

const now = new Date();
const day = 86_400_000;
const names = ["127.0.0.1", "2001:db8::132", "store"];
let authority: Authority;
let other: Authority;
let key: string;

function later(days: number): Date {
  return new Date(now.getTime() + days * day);
}

beforeAll(async () => {
  authority = await createAuthority('site, with "odd" = name', names, now);
  other = await createAuthority("site", names, now);
  key = await createServerKey();
});

/** What a client that trusts `ca` says to the server: nothing, or why not. */
async function handshake(certificate: string, ca: string, servername?: string): Promise<string> {
  const server = createServer({ key, cert: certificate }, (socket) => socket.end());
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    return await new Promise<string>((resolve) => {
      const socket: TLSSocket = connect({ port, host: "127.0.0.1", ca, ...(servername && { servername }) }, () => {
        socket.end();
        resolve("");
      });
      socket.on("error", (error) => resolve(error.message));
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

test("a client that has the authority's certificate trusts the server by address and by name, and no other [B5]", async () => {
  const certificate = await issueServerCertificate(authority, { key, names }, now);
  expect(await handshake(certificate, authority.certificate)).toBe("");
  expect(await handshake(certificate, authority.certificate, "store")).toBe("");
  expect(await handshake(certificate, authority.certificate, "shop")).toContain("does not match");
  expect(await handshake(certificate, other.certificate)).not.toBe("");
});

test("the certificate names every address, is for a server only, and its issuer for nothing below [B5]", async () => {
  const certificate = new X509Certificate(await issueServerCertificate(authority, { key, names }, now));
  expect(certificate.subjectAltName).toBe("IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:132, DNS:store");
  expect(certificate.ca).toBe(false);
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  const issuer = new X509Certificate(authority.certificate);
  expect([issuer.ca, certificate.checkIssued(issuer), certificate.verify(issuer.publicKey)]).toEqual([
    true,
    true,
    true,
  ]);
});

test("the same in every run of a period of 90 days, another in the next, never with less than 300 days to go [B5]", async () => {
  const period = 90 * day;
  const first = Math.ceil(now.getTime() / period) * period;
  // The last moment of each and its first, where most can be wrong, and its middle.
  const times = [0, 1, 2].flatMap((number) => [-1, 0, period / 2].map((after) => first + number * period + after));
  const issued = await Promise.all(
    times.map((time) => issueServerCertificate(authority, { key, names }, new Date(time))),
  );
  const different = [...new Set(issued)];
  expect(issued.map((certificate) => different.indexOf(certificate))).toEqual([0, 1, 1, 1, 2, 2, 2, 3, 3]);
  for (const [index, certificate] of issued.entries()) {
    const { validFrom, validTo } = new X509Certificate(certificate);
    const time = times[index] ?? 0;
    expect(Date.parse(validFrom)).toBeLessThanOrEqual(time - day);
    expect(Date.parse(validTo)).toBeGreaterThan(time + 300 * day);
    expect(Date.parse(validTo) - Date.parse(validFrom)).toBeLessThanOrEqual(398 * day);
  }
});

test("another address, key or authority gives another certificate and serial number [B5]", async () => {
  const others = await Promise.all([
    issueServerCertificate(authority, { key, names }, now),
    issueServerCertificate(authority, { key, names: [...names].reverse() }, now),
    issueServerCertificate(authority, { key, names: ["192.0.2.1"] }, now),
    issueServerCertificate(authority, { key: await createServerKey(), names }, now),
    issueServerCertificate(other, { key, names }, now),
  ]);
  const serials = others.map((certificate) => new X509Certificate(certificate).serialNumber);
  expect(others[1]).toBe(others[0]);
  expect(new Set(serials).size).toBe(4);
});

test("an authority is renewed two years before its end with the same key: clients with either trust the server [B5]", async () => {
  expect(whyAuthorityDue(authority.certificate, names, later(7.9 * 365))).toBeUndefined();
  expect(whyAuthorityDue(authority.certificate, names, later(8.1 * 365))).toBe("ends");
  const renewed = await renewAuthority(authority, names, later(1));
  expect(renewed).not.toBe(authority.certificate);
  const bothWays = [
    handshake(
      await issueServerCertificate({ ...authority, certificate: renewed }, { key, names }, now),
      authority.certificate,
    ),
    handshake(await issueServerCertificate(authority, { key, names }, now), authority.certificate),
  ];
  expect(await Promise.all(bothWays)).toEqual(["", ""]);
  expect(new X509Certificate(renewed).subject).toBe(new X509Certificate(authority.certificate).subject);
  expect(new X509Certificate(renewed).verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
});

test("a server's certificate does not outlive its authority [B5]", async () => {
  const certificate = await issueServerCertificate(authority, { key, names }, later(3640));
  expect(new X509Certificate(certificate).validTo).toBe(new X509Certificate(authority.certificate).validTo);
});

test("key and certificate that do not fit are told [B5]", async () => {
  const server = await issueServerCertificate(authority, { key, names }, now);
  expect(authorityProblem(authority, now)).toBeUndefined();
  expect(authorityProblem({ ...authority, key: other.key }, now)).toContain("do not belong together");
  expect(authorityProblem({ ...authority, certificate: server }, now)).toContain("not that of an authority");
  expect(authorityProblem(authority, later(3651))).toContain("has expired on 20");
});

/** What whoever has the authority's key could make. */
function forged(signer: Authority, served: readonly string[]): Promise<string> {
  return issueServerCertificate(signer, { key, names: served }, now);
}

describe("an authority vouches for the store's names and for no others", () => {
  const limited = ["192.0.2.132", "store"];

  test.each([["127.0.0.1"], ["127.0.0.1", "store"], ["127.0.0.1", "192.0.2.132"]])(
    "a certificate that names another one is refused: %s %s [N4]",
    async (...served) => {
      const signer = await createAuthority("site", limited, now);
      expect(await handshake(await forged(signer, served), signer.certificate)).toContain(
        "permitted subtree violation",
      );
    },
  );

  test.each([
    [["store"], ["store", "shop.example.org"]],
    [["store"], ["store", "127.0.0.1"]],
    [["127.0.0.1"], ["127.0.0.1", "store"]],
    [["127.0.0.1"], ["127.0.0.1", "::1"]],
    [["::1"], ["::1", "127.0.0.1"]],
  ])("limited to %j, %j is refused, and its own name is not [N4]", async (own, served) => {
    const signer = await createAuthority("site", own, now);
    const [servername = ""] = own;
    const name = /[.:]/u.test(servername) ? "127.0.0.1" : servername;
    expect(await handshake(await forged(signer, served), signer.certificate, name)).toContain("permitted subtree");
    expect(await handshake(await forged(signer, own), signer.certificate, name)).not.toContain("subtree");
  });

  test("one for other names, or for all, gets a new certificate with the same key [N4]", async () => {
    const signer = await createAuthority("site", limited, now);
    expect(whyAuthorityDue(signer.certificate, limited, now)).toBeUndefined();
    expect(whyAuthorityDue(signer.certificate, names, now)).toBe("not limited to the store");
    expect([vouchesFor(signer.certificate, limited), vouchesFor(signer.certificate, names)]).toEqual([true, false]);
    const moved = { ...signer, certificate: await renewAuthority(signer, names, now) };
    const server = await forged(moved, names);
    expect([await handshake(server, moved.certificate), await handshake(server, signer.certificate)]).toEqual([
      "",
      expect.stringContaining("permitted subtree violation"),
    ]);
  });
});
