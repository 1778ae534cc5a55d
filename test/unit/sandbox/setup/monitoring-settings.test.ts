import { parse, stringify } from "yaml";
import * as z from "zod";
import { withSandboxMonitoring } from "../../../sandbox/setup/services/monitoring-settings";
import { environmentOf } from "../../../support/example-environment";
import { monitoringSettings } from "../../../support/example-monitoring";

const example = `# Kept: a comment at the top.
config:
  lifeboat:guests:
    metrics: { kind: container, template: "local:vztmpl/debian-12-standard_amd64.tar.zst" }
    store: { kind: container, template: "local:vztmpl/debian-12-standard_amd64.tar.zst" }
  lifeboat:monitoring:
    guest: metrics # kept: beside a value
    images:
      registry: registry.example.com:5000
      prometheus: { name: prom/prometheus, digest: "sha256:${"1".repeat(64)}" }
      alertmanager: { name: prom/alertmanager, digest: "sha256:${"2".repeat(64)}" }
      grafana: { name: grafana/grafana, digest: "sha256:${"3".repeat(64)}" }
    exporter:
      node: { url: "https://example.com/node.tar.xz", sha256: "${"4".repeat(64)}" }
      interval: 1m
`;

const digests = { "prom/prometheus": `sha256:${"a".repeat(64)}`, "prom/alertmanager": `sha256:${"b".repeat(64)}` };
const node = { url: "http://192.0.2.20/node-v20.0.0-linux-x64.tar.gz", sha256: "c".repeat(64) };
const places = { ca: "site-ca.pem", digests, node };

describe("the settings of monitoring in the sandbox's copy", () => {
  test("name the registry's images, the mirror's Node and the template with Docker; the rest is the example's", () => {
    const text = withSandboxMonitoring(example, example, places);
    expect(parse(text).config).toEqual({
      "lifeboat:guests": {
        metrics: { kind: "container", template: "local:vztmpl/debian-12-docker_amd64.tar.zst" },
        store: { kind: "container", template: "local:vztmpl/debian-12-standard_amd64.tar.zst" },
      },
      "lifeboat:monitoring": {
        guest: "metrics",
        images: {
          registry: "192.0.2.40:5000",
          ca: "site-ca.pem",
          prometheus: { name: "prom/prometheus", digest: digests["prom/prometheus"] },
          alertmanager: { name: "prom/alertmanager", digest: digests["prom/alertmanager"] },
          grafana: false,
        },
        exporter: { node, interval: "1m" },
      },
    });
    expect(text).toContain("# Kept: a comment at the top.");
    expect(text).toContain("# kept: beside a value");
  });

  test("are accepted, with Docker's template for the guest and by-digest names for the services [C1]", () => {
    const config = Object.fromEntries(
      Object.entries(monitoringSettings()).map(([name, value]) => [`lifeboat:${name}`, value]),
    );
    const written = stringify({ config });
    const filled = z
      .object({ config: z.record(z.string(), z.unknown()) })
      .parse(parse(withSandboxMonitoring(written, written, places)));
    const raw = Object.fromEntries(
      Object.entries(filled.config).map(([name, value]) => [name.slice("lifeboat:".length), value]),
    );
    const { guests, monitoring } = environmentOf(raw, "monitoring");
    expect(guests).toMatchObject([{ name: "metrics", template: "local:vztmpl/debian-12-docker_amd64.tar.zst" }]);
    expect(monitoring?.images).toEqual({
      registry: "192.0.2.40:5000",
      ca: "site-ca.pem",
      prometheus: `192.0.2.40:5000/prom/prometheus@${digests["prom/prometheus"]}`,
      alertmanager: `192.0.2.40:5000/prom/alertmanager@${digests["prom/alertmanager"]}`,
    });
  });

  test("have Grafana where the registry has it", () => {
    const digest = `sha256:${"d".repeat(64)}`;
    const text = withSandboxMonitoring(example, example, {
      ...places,
      digests: { ...digests, "grafana/grafana": digest },
    });
    expect(parse(text).config["lifeboat:monitoring"].images.grafana).toEqual({ name: "grafana/grafana", digest });
  });

  test("stay what somebody has made of them since", () => {
    const filled = withSandboxMonitoring(example, example, places);
    const changed = filled.replace("a".repeat(64), "e".repeat(64)).replace("debian-12-docker", "mine");
    expect(withSandboxMonitoring(changed, example, { ...places, digests: {} })).toBe(changed);
  });

  test("come back into a copy that was made while the site had no registry", () => {
    const { config } = parse(example);
    const without = JSON.stringify({ config: { "lifeboat:guests": config["lifeboat:guests"] } });
    const text = withSandboxMonitoring(without, example, places);
    expect(parse(text)).toEqual(parse(withSandboxMonitoring(example, example, places)));
  });

  test("without monitoring there is nothing to fill in", () => {
    const text = "config: { lifeboat:profile: prod } # kept\n";
    expect(withSandboxMonitoring(text, text, places)).toBe(text);
  });
});
