import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sealSettings } from "../support/sealed-settings";
import { timed } from "../support/timed";
import { findDockerCompose } from "../sandbox/setup/services/artifacts";
import { CaughtInstall } from "./monitoring/caught-install";
import { composeTwo } from "./monitoring/compose-two";
import { projectFolder } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { ArgumentWatch } from "./support/process-arguments";
import { changeSettings } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// Monitoring from nothing: real `pulumi`, a real container with Docker, the services of Debian's packages. Each test stands on
// the one before.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-monitoring-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "real", (line) => printed.push(line));
const project = join(site.folder, "project");
const settings = join(project, "Pulumi.monitoring.yaml");
const address = "192.0.2.131";
const hook = "http://192.0.2.9:8080/not-a-real-path";
const password = "not-a-real-password";
/** Docker begins slowly on a machine that is busy with other rehearsals. */
const patient = ["--check-timeout", "600"];
const check = "/usr/local/lib/lifeboat/monitoring-check";
/** A service that is just being reloaded answers again soon. */
const untilWatching = `timeout 300 sh -c 'until ${check}; do sleep 1; done' | tail -n 1`;
/** How many releases a part has at most. */
const releases =
  "for part in /opt/lifeboat-monitoring/[aegps]*; do find $part -mindepth 1 -maxdepth 1 -type d | wc -l; done | sort -n | tail -n 1";
const services =
  "docker inspect --format '{{.Id}} {{.State.StartedAt}}' $(docker ps --quiet --filter name=lifeboat-monitoring | sort)";
const none = "0".repeat(64);
const noImage = `s/^\\(alertmanager=.*sha256:\\).*/\\1${none}/`;
const dockerCompose = isRoot ? findDockerCompose(projectFolder) : undefined;
let processes: ArgumentWatch;
let commandLines: readonly string[] = [];

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  processes = new ArgumentWatch();
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--docker"), [0], "the sandbox");
  await declareMonitoring();
}, firstUseLimit);

afterAll(async () => {
  processes?.stop();
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function token(): string {
  return readFileSync(join(site.folder, "keys", "token"), "utf8").trim();
}

/** Short intervals, and no store: this environment alone. */
async function declareMonitoring(): Promise<void> {
  changeSettings(settings, [
    [["config", "lifeboat:stateStore"], undefined],
    [["config", "lifeboat:guests", "store"], undefined],
    [["config", "lifeboat:monitoring", "evaluation"], "2s"],
    [["config", "lifeboat:monitoring", "exporter", "interval"], "5s"],
    [["config", "lifeboat:monitoring", "receivers"], { ops: { webhook: {} } }],
  ]);
  const tokens = Object.fromEntries(["monitoring", "prod", "lab"].map((name) => [name, token()]));
  const secrets = { grafanaPassword: password, receivers: { ops: hook }, tokens };
  await sealSettings(settings, join(site.folder, "keys", "passphrase"), {
    "lifeboat:monitoringSecrets": JSON.stringify(secrets),
  });
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], command).stdout.trim();
}

function up() {
  return site.pulumi("monitoring", "up", "--yes", "--skip-preview");
}

(isRoot ? describe : describe.skip)("monitoring from nothing", () => {
  test("one update, and every target is up, rules are loaded, Alertmanager is connected [C1, 004 US4.2]", async () => {
    const init = 'exports=$(lifeboat env monitoring) && eval "$exports" && pulumi stack init monitoring';
    expectExit(await site.inside("sh", "-c", init), [0], "pulumi stack init");
    expectExit(await up(), [0], "pulumi up");
    commandLines = processes.stop();
    expect(await inGuest(check)).toMatch(/^watching since \d+$/u);
    const metrics = await inGuest("curl --silent http://127.0.0.1:9941/metrics");
    expect(metrics).toContain('lifeboat_environment_up{environment="monitoring"} 1');
  });

  test("a second preview has nothing to do [C1]", async () => {
    expectExit(await site.pulumi("monitoring", "preview", "--expect-no-changes"), [0], "the preview");
  });

  test("no secret is in the Compose file, in what Docker tells, in metrics, the state, or a command line [C1, B2]", async () => {
    const secrets = [hook, password, token().split("=")[1] ?? ""];
    const shown = [
      await inGuest(
        "cat /opt/lifeboat-monitoring/stack/current/compose.yaml /etc/systemd/system/lifeboat-exporter.service",
      ),
      await inGuest("docker inspect $(docker ps --quiet)"),
      await inGuest(
        "curl --silent http://127.0.0.1:9941/metrics http://127.0.0.1:9090/metrics http://127.0.0.1:9093/metrics",
      ),
      await inGuest("ps -ww -eo args; cat /proc/[0-9]*/environ | tr '\\0' '\\n'"),
      expectExit(await site.pulumi("monitoring", "stack", "export"), [0], "the state").stdout,
      ...printed,
    ];
    for (const secret of secrets) expect(shown.filter((text) => text.includes(secret))).toEqual([]);
    for (const secret of secrets) expect(commandLines.filter((text) => text.includes(secret))).toEqual([]);
    expect(await inGuest("stat -c '%a %u' /opt/lifeboat-monitoring/alertmanager/current/alertmanager.yml")).toBe(
      "400 61093",
    );
  });

  test("nothing answers outside of the guest, where the settings say loopback [C1]", async () => {
    const open = (await inGuest("ss -Hltn | awk '{ print $4 }'")).split("\n");
    expect(open).toContain("127.0.0.1:9090");
    expect(open.filter((place) => !/^(?:127\.0\.0\.\d+|\[::1\]):|:22$/u.test(place))).toEqual([]);
    for (const port of ["9090", "9093", "9941", "3000"]) {
      const answer = await site.inside("curl", "--silent", "--max-time", "3", `http://${address}:${port}/`);
      expect([port, answer.exitCode]).not.toEqual([port, 0]);
    }
  });

  test("left-out rules are read away without a restart, and data stay [C1, C5]", async () => {
    const before = await inGuest(
      "docker inspect --format '{{.Id}} {{.State.StartedAt}}' lifeboat-monitoring-prometheus",
    );
    expect(await inGuest("curl --silent http://127.0.0.1:9090/api/v1/rules")).toContain("BackupJobFailed");
    changeSettings(settings, [[["config", "lifeboat:monitoring", "backupAlerting"], false]]);
    expectExit(await up(), [0], "pulumi up");
    expect(await inGuest("curl --silent http://127.0.0.1:9090/api/v1/rules")).toContain('"groups":[]');
    expect(await inGuest("docker inspect --format '{{.Id}} {{.State.StartedAt}}' lifeboat-monitoring-prometheus")).toBe(
      before,
    );
    changeSettings(settings, [[["config", "lifeboat:monitoring", "backupAlerting"], true]]);
  });

  test("an image that does not start is gone back from, and why is told; the old one watches on [C1]", async () => {
    const file = readFileSync(settings, "utf8");
    const wrong = /alertmanager:\s+name: \S+\s+digest: (\S+)/u.exec(file)?.[1] ?? "";
    changeSettings(settings, [
      [["config", "lifeboat:monitoring", "images", "prometheus"], { name: "prom/alertmanager", digest: wrong }],
    ]);
    const failed = await up();
    expect([failed.exitCode === 0, `${failed.stdout}${failed.stderr}`]).toEqual([
      false,
      expect.stringContaining("Unable to install the monitoring: the new release does not watch"),
    ]);
    expect(await inGuest(check)).toMatch(/^watching since \d+$/u);
    writeFileSync(settings, file);
    expectExit(await up(), [0], "pulumi up");
  });

  describe("an installation that something goes wrong with", () => {
    let install: CaughtInstall;

    beforeAll(async () => {
      // A change, so that there is something to install.
      changeSettings(settings, [[["config", "lifeboat:monitoring", "evaluation"], "3s"]]);
      install = await CaughtInstall.catch(site, address, up);
    });

    test("killed behind any command that starts the new: all watch, and the next run ends well [C1, K4]", async () => {
      expect(install.stops("start").length).toBeGreaterThan(10);
      for (const stop of install.stops("start")) {
        await install.interrupt(stop);
        expect([install.line(stop), await inGuest(untilWatching)]).toEqual([
          install.line(stop),
          expect.stringMatching(/^watching since \d+$/u),
        ]);
      }
      expectExit(await install.run(), [0], "the installation");
      expect(await inGuest(check)).toMatch(/^watching since \d+$/u);
      expect(await inGuest(releases)).toBe("1");
      expect(
        await inGuest("docker exec lifeboat-monitoring-prometheus cat /etc/lifeboat/current/prometheus.yml"),
      ).toContain("evaluation_interval: 3s");
    });

    test("the first one of a guest, killed behind any of its commands, is ended by the next run [C1, K4]", async () => {
      await install.takeBack();
      expect(install.stops("main").length).toBeGreaterThan(10);
      for (const stop of install.stops("main")) await install.interrupt(stop);
      expectExit(await install.run(), [0], "the installation");
      expect(await inGuest(check)).toMatch(/^watching since \d+$/u);
      expect(await inGuest(releases)).toBe("1");
    });

    test.each([
      ["Node is another", `s/^node-sha256=.*/node-sha256=${none}/`, "the archive of Node that arrived has the SHA-256"],
      [
        "the program is another",
        `s/^program-sha256=.*/program-sha256=${none}/`,
        "is not what was sent; nothing was changed",
      ],
      ["the image is none of the registry", noImage, "cannot be had; what was there goes on"],
    ])("%s: it ends before anything is changed, and the old watches on [C1]", async (_fault, change, words) => {
      const before = await inGuest(services);
      const { exitCode, stderr } = await install.run(change);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining(words)]);
      expect(await inGuest(services)).toBe(before);
      expect(await inGuest(check)).toMatch(/^watching since \d+$/u);
      expect(await inGuest(releases)).toBe("1");
    });

    test("an exporter that does not run is gone back from, though Prometheus has still the last answer of the one before [C1]", async () => {
      const { exitCode, stderr } = await install.runBroken();
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("the new release does not watch")]);
      expect(await inGuest(untilWatching)).toMatch(/^watching since \d+$/u);
      expect(await inGuest(releases)).toBe("1");
    });

    test("without its registry it ends well with the images that are there, and says which one it lacks [C1]", async () => {
      expectExit(await site.sandbox("service", "registry", "stop"), [0], "the end of the registry");
      try {
        expectExit(await install.run(), [0], "the installation");
        const { exitCode, stderr } = await install.run(noImage);
        expect([exitCode, stderr]).toEqual([
          1,
          expect.stringMatching(/dial tcp.*\n.*cannot be had; what was there goes on/su),
        ]);
      } finally {
        expectExit(await site.sandbox("up", "--driver", "real", "--docker"), [0], "the registry");
      }
      expect(await inGuest(check)).toMatch(/^watching since \d+$/u);
    });

    test("Pulumi goes on from there [C1]", async () => {
      await install.forget();
      expectExit(await up(), [0], "pulumi up");
      expectExit(await site.pulumi("monitoring", "preview", "--expect-no-changes"), [0], "the preview");
    });

    test("taken out of its guest, it is installed again by one command, with the data that are there [F2]", async () => {
      const since = await inGuest(check);
      await install.takeBack();
      const again = ["rebuild", "monitoring", "--anew", "--force", ...patient];
      const { stdout } = expectExit(await site.inside("lifeboat", ...again), [0], "the rebuild");
      expect(stdout).toContain("Its measurements are as they were");
      expect(await inGuest(check)).toBe(since);
    });
  });

  test("its guest is destroyed: it comes back from its backup with its measurements, and watches [F2, 004 US4.1]", async () => {
    const since = await inGuest(check);
    expectExit(await site.byHand("run-job", "monitoring"), [0], "the backup");
    expectExit(await site.byHand("destroy", "metrics"), [0], "the end of metrics");
    const rebuilt = await timed("L4", "rebuilding monitoring from its backup", () =>
      site.inside("lifeboat", "rebuild", "monitoring", "--force", ...patient),
    );
    // What the services say themselves, where they do not watch.
    const words =
      rebuilt.exitCode === 0
        ? ""
        : await inGuest("docker ps -a; docker logs --tail 20 lifeboat-monitoring-prometheus 2>&1");
    expect([rebuilt.exitCode, words]).toEqual([0, ""]);
    expect(rebuilt.stdout).toContain("Monitoring is back, with its measurements");
    expect(await inGuest(check)).toBe(since);
  });

  test("without a backup its stack makes it again, complete, and says that its measurements are gone [F2, 004 US4.3]", async () => {
    const since = await inGuest(check);
    const dumps = join(site.folder, "server", "nodes", "pve-mon", "root", "mnt", "backup", "dump");
    const archives = readdirSync(dumps).filter((name) => name.includes("-301-"));
    expect(archives).not.toEqual([]);
    for (const name of archives) rmSync(join(dumps, name));
    expectExit(await site.byHand("destroy", "metrics"), [0], "the end of metrics");
    // A storage without any backup may be one whose disk is not mounted.
    const anew = ["rebuild", "monitoring", "--anew", "--force", ...patient];
    expectExit(await site.inside("lifeboat", "rebuild", "monitoring", "--force"), [14], "a rebuild from nothing");
    expectExit(await site.inside("lifeboat", ...anew), [13], "a rebuild that loses them");
    // Its job has gone with its last guest, of which Pulumi is told.
    const rebuilt = await timed("L4", "rebuilding monitoring without a backup", () =>
      site.inside("lifeboat", ...anew, "--accept-loss"),
    );
    expect(expectExit(rebuilt, [0], "the rebuild").stdout).toContain("Its measurements from before are gone");
    // The guest is another one, with other keys.
    rmSync(join(site.folder, "state-home", "demo-known-hosts"));
    expect(await inGuest(check)).toMatch(/^watching since \d+$/u);
    expect(await inGuest(check)).not.toBe(since);
  });

  (dockerCompose === undefined ? describe.skip : describe)("Compose 2, where somebody has built it", () => {
    composeTwo(dockerCompose ?? "", { address, check, inGuest, settings, site, up });
  });
});
