import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findControlGroups } from "../sandbox/drivers/real/container-processes";
import { siteNames } from "../sandbox/machine/names";
import { layoutOf } from "../sandbox/setup/layout";
import { findGrafana } from "../sandbox/setup/services/artifacts";
import { REGISTRY, registryImages } from "../sandbox/setup/services/registry";
import { DOCKER_TEMPLATE } from "../sandbox/setup/template";
import { type CommandResult, projectFolder, typeScript } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// The sandbox's container template with Docker and its registry of images: what monitoring stands on. Each test stands on the
// one before.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-docker-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const layout = layoutOf(site.folder);
const address = "192.0.2.101";
const describeGrafana = findGrafana(projectFolder) === undefined ? describe.skip : describe;
const lxc = "/nodes/pve-prod/lxc";

jest.setTimeout(10 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--docker"), [0], "the sandbox");
}, firstUseLimit);

afterAll(async () => {
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

async function asRoot(method: string, path: string, ...fields: string[]): Promise<void> {
  const program = [process.execPath, ...typeScript("test/rehearsal/support/root-request.ts")];
  const result = await site.inside(...program, site.folder, "192.0.2.11", method, path, ...fields);
  expectExit(result, [0], `${method} ${path}`);
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], command).stdout.trim();
}

/** Tries until the command ends with 0, for half a minute. */
async function untilDone(what: string, attempt: () => Promise<CommandResult>): Promise<string> {
  for (let attempts = 1; attempts < 60; attempts += 1) {
    const { exitCode, stdout } = await attempt();
    if (exitCode === 0) return stdout;
    await sleep(500);
  }
  return expectExit(await attempt(), [0], what).stdout;
}

function askPrometheus(): Promise<string> {
  const words = ["--silent", "--show-error", "--fail", "--max-time", "5", `http://${address}:9090/-/ready`];
  return untilDone("Prometheus", () => site.inside("curl", ...words));
}

function imageOf(repository: string): string {
  return `${REGISTRY}/${repository}@${registryImages(layout)[repository] ?? ""}`;
}

(isRoot ? describe : describe.skip)("a container that runs Docker", () => {
  test("pulls an image by its digest, once it trusts the registry's CA [C1]", async () => {
    await asRoot(
      "POST",
      lxc,
      "vmid=101",
      "hostname=metrics",
      `ostemplate=local:vztmpl/${DOCKER_TEMPLATE}`,
      "rootfs=local:4",
      "memory=1024",
      "unprivileged=1",
      "features=nesting=1",
      `net0=name=eth0,bridge=vmbr0,ip=${address}/24,gw=192.0.2.1`,
      `ssh-public-keys=${readFileSync(layout.sshPublicKey, "utf8")}`,
    );
    await asRoot("POST", `${lxc}/101/status/start`);
    await untilDone("SSH", () => site.ssh(address, "docker info"));
    const image = imageOf("prom/prometheus");
    const refused = await site.ssh(address, `docker pull --quiet ${image}`);
    expect(refused.stderr).toContain("certificate signed by unknown authority");
    const trust = `/etc/docker/certs.d/${REGISTRY}`;
    await inGuest(`mkdir -p ${trust} && echo '${readFileSync(layout.ca, "utf8")}' > ${trust}/ca.crt`);
    expect(await inGuest(`docker pull --quiet ${image}`)).toBe(image);
  });

  test("the images are those of the packages, run as the official ones are [C1]", async () => {
    const format = "{{.Config.User}} {{.Config.Entrypoint}} {{.Config.Cmd}}";
    for (const [name, version, settings] of [
      ["prom/prometheus", "prometheus, version 2.", "nobody [/bin/prometheus] [--config.file=/etc/prometheus"],
      ["prom/alertmanager", "alertmanager, version 0.", "nobody [/bin/alertmanager] [--config.file=/etc/alertmanager"],
      ["prom/node-exporter", "node_exporter, version 1.", "nobody [/bin/node_exporter] []"],
    ] as const) {
      expect(await inGuest(`docker run --rm ${imageOf(name)} --version 2>&1`)).toContain(version);
      expect(await inGuest(`docker image inspect --format '${format}' ${imageOf(name)}`)).toContain(settings);
    }
  });

  test("a service answers from outside, and is back after a stop and a start of the container [C1]", async () => {
    const image = imageOf("prom/prometheus");
    await inGuest(`docker run --detach --name prometheus --restart unless-stopped --publish 9090:9090 ${image}`);
    expect(await askPrometheus()).toBe("Prometheus Server is Ready.");
    await asRoot("POST", `${lxc}/101/status/stop`);
    await asRoot("POST", `${lxc}/101/status/start`);
    expect(await askPrometheus()).toBe("Prometheus Server is Ready.");
  });

  test("its node runs a command in it, and not in a container of Docker whose first process has a smaller number", async () => {
    writeFileSync("/proc/sys/kernel/ns_last_pid", "1000");
    await inGuest("docker restart prometheus");
    const asked = await site.ssh("192.0.2.11", "pct exec 101 -- cat /etc/hostname");
    expect(expectExit(asked, [0], "pct exec").stdout.trim()).toBe("metrics");
  });

  test("Compose runs services of the registry: the version that Debian has [C1]", async () => {
    const alertmanager = {
      image: imageOf("prom/alertmanager"),
      restart: "unless-stopped",
      // With as little as a service can do with.
      user: "61093:61093",
      network_mode: "host",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      volumes: [{ type: "bind", source: "/srv/alertmanager", target: "/alertmanager" }],
    };
    const file = JSON.stringify({ version: "3.8", services: { alertmanager } });
    await inGuest("mkdir -p /srv/services /srv/alertmanager && chown 61093:61093 /srv/alertmanager");
    await inGuest(`cd /srv/services && echo '${file}' > compose.yaml && docker-compose up -d`);
    await untilDone("Alertmanager", () => site.inside("curl", "--silent", "--fail", `http://${address}:9093/-/ready`));
  });

  describeGrafana("Grafana, which is in the registry where somebody has built it", () => {
    test("it answers [C1]", async () => {
      const image = imageOf("grafana/grafana");
      await inGuest(
        `docker run --detach --name grafana --network host --user 61300:61300 --env GF_PATHS_DATA=/tmp ${image}`,
      );
      const ask = ["--silent", "--fail", `http://${address}:3000/api/health`];
      expect(await untilDone("Grafana", () => site.inside("curl", ...ask))).toContain('"database": "ok"');
      expect(await inGuest("docker exec grafana sh -c 'grafana --version'")).toContain("version 10.0.0");
    });
  });

  test("the mirror has Node for guests, which have none [C1]", async () => {
    const folder = `node-${process.version}-linux-${process.arch}`;
    const load = `curl --silent --fail http://192.0.2.20/${folder}.tar.gz | tar -xz -C /opt`;
    expect(await inGuest(`${load} && /opt/${folder}/bin/node --version`)).toBe(process.version);
  });

  test("a second `up` keeps the registry's images and starts one that was killed; `down` leaves nothing", async () => {
    const image = imageOf("prom/prometheus");
    await site.sandbox("service", "registry", "stop");
    expect((await site.ssh(address, `docker pull --quiet ${image}`)).exitCode).toBe(1);
    expectExit(await site.sandbox("up", "--driver", "real"), [0], "the second up");
    expect(await inGuest(`docker rmi --force ${image} >&2; docker pull --quiet ${image}`)).toBe(image);
    const { id } = siteNames(layout.server);
    expectExit(await site.sandbox("down"), [0], "down");
    expect(await findControlGroups((name) => name.includes(id))).toEqual([]);
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(layout.folder);
  });
});
