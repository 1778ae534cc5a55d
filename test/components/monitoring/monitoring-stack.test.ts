import { MonitoringStack, type MonitoringStackArgs } from "../../../components/monitoring/monitoring-stack";
import { monitoringTypes as types } from "../../../site/monitoring/resource-names";
import type { MonitoringSettings, OwnedGuest } from "../../../site/settings/environment";
import { environmentOf } from "../../support/example-environment";
import { exampleMetricsMachine, exampleMonitoring, monitoringSettings } from "../../support/example-monitoring";
import { find, runProgram, valueOf, type Registration } from "../../support/pulumi-mocks";

const mocks = Object.fromEntries(Object.values(types).map((type) => [type, () => ({})]));
const hostKey = "ssh-ed25519 AAAAguest";
const macAddress = "BC:24:11:00:00:01";
const secrets = { grafanaPassword: "not-a-real-password", receivers: { hook: "http://192.0.2.9/not-a-real-path" } };
const token = "watch@pve!lifeboat=not-a-real-token";
const program = { file: __filename, sha256: "ef".repeat(32) };
const pages = { certificate: "certificate\n", key: "not-a-real-key-of-tls\n", authority: "authority\n" };

function settingsOf(
  monitoring: Readonly<Record<string, unknown>>,
  guests?: Readonly<Record<string, unknown>>,
): { guest: OwnedGuest; monitoring: MonitoringSettings } {
  const other = { monitoring: exampleMonitoring(monitoring), ...(guests === undefined ? {} : { guests }) };
  const environment = environmentOf(monitoringSettings(other), "monitoring");
  const [guest] = environment.guests;
  if (guest === undefined || guest.kind === "adopted" || environment.monitoring === undefined) {
    throw new Error("the example watches");
  }
  return { guest, monitoring: environment.monitoring };
}

function argumentsOf(
  monitoring: Readonly<Record<string, unknown>> = {},
  guests?: Readonly<Record<string, unknown>>,
): MonitoringStackArgs {
  return {
    ...settingsOf({ receivers: { hook: { webhook: {} } }, ...monitoring }, guests),
    declared: { vmId: 301, macAddress },
    secrets,
    rules: { files: { "lifeboat.rules.yml": "groups: []\n" }, alerts: ["BackupJobFailed"] },
    dashboards: { files: { "backup-overview.json": "{}\n" }, uids: ["lifeboat-backup-overview"] },
    exporter: {
      project: { "Pulumi.yaml": "name: lifeboat\n", "Pulumi.prod.yaml": "config: {}\n" },
      credentials: { "prod.token": token },
    },
    program,
    login: { user: "root", privateKey: "not-a-real-key", hostKey },
  };
}

function declare(args: MonitoringStackArgs) {
  return runProgram(mocks, () => new MonitoringStack("monitoring", args));
}

function services(registrations: readonly Registration[]) {
  return find(registrations, types.services).inputs;
}

test("is a firewall, the program, and the services, one after the other; Grafana's address is known when all watch [C1]", async () => {
  const { registrations, result } = await declare(argumentsOf());
  expect(registrations.map(({ type, name, parent, dependsOn }) => [type, name, parent, dependsOn])).toEqual([
    ["lifeboat:monitoring:MonitoringStack", "monitoring", undefined, []],
    [types.rules, "monitoring-rules", "monitoring", []],
    [types.firewall, "monitoring-firewall", "monitoring", ["monitoring-rules"]],
    [types.program, "monitoring-program", "monitoring", ["monitoring-firewall"]],
    [types.services, "monitoring-services", "monitoring", ["monitoring-program"]],
  ]);
  expect(await valueOf(result.grafana)).toBe("http://127.0.0.1:3000");
});

test("admits SSH and ping alone at the guest's own firewall, and Grafana from the named networks where it answers there [C1]", async () => {
  const accept = { type: "in", action: "ACCEPT", enabled: true };
  const always = [
    { ...accept, proto: "tcp", dport: "22", source: "192.0.2.0/24", comment: "lifeboat: SSH" },
    { ...accept, proto: "icmp", comment: "lifeboat: ping" },
  ];
  const shut = await declare(argumentsOf({ allowSsh: ["192.0.2.0/24"] }));
  expect(find(shut.registrations, types.rules).inputs).toMatchObject({
    nodeName: "pve-mon",
    containerId: 301,
    rules: always,
  });
  const grafana = { ...accept, proto: "tcp", dport: "3000", source: "198.51.100.0/24", comment: "lifeboat: Grafana" };
  const open = { listen: "tls", allow: ["198.51.100.0/24"], allowSsh: ["192.0.2.0/24"] };
  const { registrations, result } = await declare({ ...argumentsOf(open), pages });
  expect(find(registrations, types.rules).inputs["rules"]).toEqual([grafana, ...always]);
  expect(await valueOf(result.grafana)).toBe("https://192.0.2.131:3000");
  for (const type of [types.rules, types.firewall]) {
    expect([type, find(registrations, type).retainOnDelete]).toEqual([type, true]);
    expect([type, find(registrations, type).replacementTrigger]).toEqual([type, macAddress]);
  }
});

test("hands secrets to the guest on standard input, secret from the start, and nothing of them elsewhere [C1, B2]", async () => {
  const { registrations } = await declare({ ...argumentsOf({ listen: "tls", allow: ["192.0.2.0/24"] }), pages });
  const { stdin, connection, ...open } = services(registrations);
  for (const secret of [secrets.grafanaPassword, secrets.receivers.hook, token, "not-a-real-key-of-tls"]) {
    expect(stdin).toEqual({ secret: expect.stringContaining(secret) });
  }
  expect(connection).toEqual({ secret: expect.objectContaining({ host: "192.0.2.131", hostKey }) });
  expect(JSON.stringify(open)).not.toContain("not-a-real");
  expect(open["triggers"]).toEqual([macAddress]);
  expect([open["update"], open["delete"]]).toEqual([undefined, undefined]);
  const others = registrations.filter(({ type }) => type !== types.services).map(({ inputs }) => inputs);
  expect(JSON.stringify(others.map(({ connection: _connection, ...rest }) => rest))).not.toContain("not-a-real");
  expect(find(registrations, types.services).secretOutputs).toEqual(
    expect.arrayContaining(["stdout", "stderr", "connection"]),
  );
});

test("a preview shows which images run, and a changed one is a change of the command [C1]", async () => {
  const { create } = services((await declare(argumentsOf())).registrations);
  expect(create).toContain(`prometheus=registry.example.com:5000/prom/prometheus@sha256:${"1".repeat(64)}`);
  expect(create).toContain("disk=mounted data=/var/lib/prometheus".split(" ")[0]);
  expect(create).toContain(`program-sha256=${program.sha256}`);
  expect(create).toContain("url=http://192.0.2.1/node.tar.xz");
});

test("a machine's empty disk is found by its key; without one its data lie on the first [C1]", async () => {
  const guests = { metrics: exampleMetricsMachine() };
  const { registrations } = await declare(argumentsOf({ disk: "scsi1" }, guests));
  const device = "disk=/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi1";
  expect(services(registrations)["create"]).toContain(device);
  expect(find(registrations, types.rules).inputs).toMatchObject({ vmId: 301 });
  expect(find(registrations, types.rules).inputs["containerId"]).toBeUndefined();
  const first = await declare(argumentsOf({}, guests));
  expect(services(first.registrations)["create"]).toContain("data=/var/lib/lifeboat-monitoring disk=folder");
});

test("Node from a file goes to the guest first; its name is its checksum [C1]", async () => {
  const node = { file: "node.tar.gz", sha256: "cd".repeat(32) };
  const { registrations } = await declare({ ...argumentsOf({ exporter: { node } }), nodeFile: __filename });
  const copy = registrations.find(({ name }) => name === "monitoring-node");
  expect(copy?.inputs).toMatchObject({ remotePath: `/root/lifeboat-monitoring-node-${"cd".repeat(32)}` });
  expect(services(registrations)["create"]).toContain(`file=/root/lifeboat-monitoring-node-${"cd".repeat(32)}`);
});

test("gets the same inputs in every run [C1]", async () => {
  const [first, second] = [await declare(argumentsOf()), await declare(argumentsOf())];
  expect(second.registrations).toEqual(first.registrations);
});

test("needs its disk, before anything is registered [A6]", async () => {
  const args = argumentsOf();
  if (args.guest.kind !== "container") throw new Error("the example is a container");
  await expect(declare({ ...args, guest: { ...args.guest, disks: [] } })).rejects.toThrow("has no disk data");
});
