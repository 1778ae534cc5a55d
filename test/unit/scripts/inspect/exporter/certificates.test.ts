import { createServer, type Server } from "node:https";
import { readCertificateEnds } from "../../../../../scripts/inspect/exporter/certificates";
import { ports } from "../../../../../site/monitoring/services/places";
import { createAuthority, createServerKey, issueServerCertificate } from "../../../../../site/state-store/authority";
import { environmentOf } from "../../../../support/example-environment";
import { exampleMetricsGuest, exampleMonitoring, monitoringSettings } from "../../../../support/example-monitoring";
import { lookOf } from "./full-look";

/** An address of this machine at which nothing else listens, whatever runs beside it. */
const host = `127.${String(2 + (process.pid % 250))}.7.13`;
const day = 86_400;
/** Issued some time ago: its end is that of this certificate, and of none that is made while the test runs. */
const then = new Date(Date.now() - 200 * day * 1_000);

let authority: Awaited<ReturnType<typeof createAuthority>>;
let server: Server;

beforeAll(async () => {
  authority = await createAuthority("site", [host], then);
  const key = await createServerKey();
  const cert = await issueServerCertificate(authority, { key, names: [host] }, then);
  server = createServer({ key, cert });
  await new Promise<void>((resolve) => server.listen(ports.grafana, host, resolve));
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

function endsOf(other: Readonly<Record<string, unknown>>, monitoring: Readonly<Record<string, unknown>>) {
  const network = { bridge: "vmbr0", address: `${host}/8`, gateway: "127.0.0.1", firewall: true };
  const settings = environmentOf(
    monitoringSettings({
      proxmox: { endpoint: "https://127.0.0.1:1", node: "pve-mon", ca: "site-ca.pem" },
      guests: { metrics: exampleMetricsGuest({ network }) },
      monitoring: exampleMonitoring(monitoring),
      ...other,
    }),
    "monitoring",
  );
  return readCertificateEnds({
    ...lookOf().environment,
    settings,
    stateStore: () => undefined,
    trust: () => ({ kind: "system" }),
  });
}

test("Grafana's certificate and its authority are told, where it answers by TLS and is trusted [C2, C3]", async () => {
  const tls = { listen: "tls", allow: ["192.0.2.0/24"] };
  const ends = await endsOf({ monitoringAuthority: authority.certificate }, tls);
  expect(ends.map(({ subject }) => subject)).toEqual(["grafana", "grafana authority"]);
  const [own = 0, its = 0] = ends.map(({ end }) => (end - Date.now() / 1_000) / day);
  expect([own > 100, own < 200, its > 3_000]).toEqual([true, true, true]);
  const { certificate: another } = await createAuthority("other", ["other"], new Date());
  const untrusted = await endsOf({ monitoringAuthority: another }, tls);
  expect(untrusted.map(({ subject }) => subject)).toEqual(["grafana authority"]);
  expect(await endsOf({}, {})).toEqual([]);
});
