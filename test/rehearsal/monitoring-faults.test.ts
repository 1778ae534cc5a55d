import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ruleDefaults, type RuleOptions } from "../../site/monitoring/rules/options";
import { ruleFiles } from "../../site/monitoring/rules/rule-file";
import { sealSettings } from "../support/sealed-settings";
import { evaluationsUntilFiring, withMarks } from "./monitoring-faults/evaluations";
import { dumped, neverShown, places, Wrecker } from "./monitoring-faults/faults";
import { GuestPrometheus } from "./monitoring-faults/guest-prometheus";
import { GuestWatch, nameOf, receiver } from "./monitoring-faults/guest-watch";
import { LiveDashboards } from "./monitoring-faults/live-dashboards";
import { DemoSite, expectExit } from "./support/demo-site";
import { changeSettings } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A site from nothing by one command, watched by what that has made; then everything that can go wrong with backups, one after the
// other: each time exactly the right alert, and it clears.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-faults-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const project = join(site.folder, "project");
const rootPasswordFile = "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE";
const wrecker = new Wrecker(site);
/** Alerts of the faults that were tried. */
const tried: string[] = [];
let watch: GuestWatch;
let prometheus: GuestPrometheus;
let dashboards: LiveDashboards;
/** What a dashboard of one guest shows. */
const chosen = { environment: "prod", guest: "web" };
/** The rules as Prometheus has loaded them: group, and seconds for which it must be so. */
const live = new Map<string, { readonly group: string; readonly hold: number }>();

/** Seconds between two evaluations, and between two looks of the exporter. */
const interval = 2;

/** The rules of the product; only what a person would wait for is shorter. */
const shortened: Partial<RuleOptions> = {
  evaluateEvery: interval,
  // The first look after a start takes as long as it takes.
  hold: { ...ruleDefaults.hold, short: 0, long: interval, run: 0 },
  keepFiring: 0,
  unfinished: interval,
};

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--docker"), [0], "the sandbox");
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  await declare();
}, firstUseLimit);

afterAll(async () => {
  watch?.stop();
  prometheus?.stop();
  delete process.env[rootPasswordFile];
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

const config = (...path: string[]) => ["config", ...path];

/** One guest to be backed up, and the environment that watches and has the state store; each gives the exporter a token. */
async function declare(): Promise<void> {
  const every = `${String(interval)}s`;
  const guests = config("lifeboat:guests");
  rmSync(join(project, "Pulumi.lab.yaml"));
  changeSettings(join(project, "Pulumi.prod.yaml"), [
    [config("lifeboat:exporterTokens"), [1]],
    [[...guests, "db"], undefined],
    [[...guests, "web", "disks", "cache"], undefined],
    [[...guests, "web", "data"], { config: { kind: "files", paths: [dumped] } }],
    // Those of one day are all kept.
    [config("lifeboat:backup", "keep"), { last: 6 }],
  ]);
  const watching = join(project, "Pulumi.monitoring.yaml");
  changeSettings(watching, [
    [config("lifeboat:exporterTokens"), [1]],
    [config("lifeboat:monitoring", "evaluation"), every],
    [config("lifeboat:monitoring", "exporter", "interval"), every],
    [config("lifeboat:monitoring", "receivers"), { ops: { webhook: {} } }],
  ]);
  const secrets = {
    receivers: { ops: `http://${receiver.address}:${String(receiver.port)}/` },
    offsiteKey: JSON.parse(readFileSync(join(site.folder, "keys", "offsite"), "utf8")),
  };
  await sealSettings(watching, join(site.folder, "keys", "passphrase"), {
    "lifeboat:monitoringSecrets": JSON.stringify(secrets),
  });
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(places.metrics, command), [0], command).stdout.trim();
}

/** What `lifeboat doctor --print-setup` prints, as root runs it on the nodes. */
async function setUp(environment: string): Promise<void> {
  const lines = await site.inside("lifeboat", "doctor", environment, "--print-setup", "--json");
  const file = join(parent, `${environment}.json`);
  writeFileSync(file, expectExit(lines, [0], "the lines of the set-up").stdout);
  expectExit(await site.byHand("set-up", environment, file), [0], "the set-up");
}

/** Rules as they are, but for the times; what they are evaluated by is written down. */
async function shortenRules(): Promise<void> {
  const [[name, text] = ["", ""]] = Object.entries(ruleFiles({ backupAlerting: true, options: shortened }));
  const file = `/opt/lifeboat-monitoring/prometheus/current/rules/${name}`;
  const packed = Buffer.from(withMarks(text)).toString("base64");
  await inGuest(`echo ${packed} | base64 -d > ${file} && docker kill --signal HUP lifeboat-monitoring-prometheus`);
}

/** Others would come with the next look, and what is held for an evaluation with the one after. */
async function settled(since: number): Promise<void> {
  await watch.until("three more evaluations", ({ time }) => time > since + 3 * interval);
}

(isRoot ? describe : describe.skip)("a site from nothing, and what goes wrong with its backups", () => {
  test("one lifeboat up: every target is up, and every environment is seen with the exporter's own tokens [C1, C2, B3]", async () => {
    for (const environment of ["monitoring", "prod"]) await setUp(environment);
    const { stdout } = expectExit(await site.inside("lifeboat", "up", "--force"), [0], "lifeboat up");
    expect(stdout).toContain("monitoring: the exporter's tokens are handed over");
    expect(await inGuest("/usr/local/lib/lifeboat/monitoring-check")).toMatch(/^watching since \d+$/u);
    watch = new GuestWatch(site, places.metrics, "prod");
    prometheus = await GuestPrometheus.connect(site, places.metrics, join(parent, "prometheus"));
    await watch.until("prod is seen", ({ looked }) => looked !== undefined);
    const metrics = await inGuest("curl --silent http://127.0.0.1:9941/metrics");
    for (const environment of ["monitoring", "prod"]) {
      expect(metrics).toContain(`lifeboat_environment_up{environment="${environment}"} 1`);
    }
    expect(metrics).not.toContain("lifeboat_permission_missing{");
    // The guest answers who watches, and not the machine beside it.
    expect(metrics).toContain('lifeboat_data_seen{environment="prod",guest="web",id="101"} 1');
    const beside = `curl --silent --max-time 5 -o /dev/null -w '%{http_code}' http://${places.web}:9942/`;
    expect((await site.inside("sh", "-c", beside)).stdout).toBe("403");
    expect((await site.inside("lifeboat", "up")).stdout).toBe(
      "Everything is as the settings say; nothing was changed.",
    );
  });

  test("nothing is wrong: no alert [C3]", async () => {
    await wrecker.prepare();
    await shortenRules();
    const { time } = await watch.until("a moment", () => true);
    await settled(time);
    expect(watch.names).toEqual([]);
  });

  test("every rule that something goes wrong for waits for one evaluation at most, and is evaluated as often as all [C3]", async () => {
    for (const { name, interval: every, rules } of await prometheus.ruleGroups()) {
      expect([name, every]).toEqual([name, interval]);
      for (const { name: rule, duration } of rules) live.set(rule, { group: name, hold: duration });
    }
    const alerts = wrecker.faults.flatMap((fault) => fault.alerts.map(ruleOf));
    expect(alerts.filter((name) => (live.get(name)?.hold ?? Infinity) > interval)).toEqual([]);
  });

  test("every query of every dashboard finds data, but for what only a fault shows [C4]", async () => {
    const folder = join(parent, "exported");
    expectExit(await site.inside("lifeboat", "monitoring", "export", folder), [0], "the dashboards");
    // As they are in a guest with Grafana, of which Debian has no package.
    const files = readdirSync(join(folder, "grafana")).map((name) => {
      return { name: name.replace(".json", ""), text: readFileSync(join(folder, "grafana", name), "utf8") };
    });
    expect(files.map(({ name }) => name).sort()).toEqual(["backup-guest", "backup-overview", "state-store"]);
    dashboards = new LiveDashboards(prometheus, chosen);
    const misspelt = new LiveDashboards(prometheus, chosen);
    for (const { name, text } of files) {
      await dashboards.add(name, text);
      await misspelt.add(name, text.replaceAll("_state_fallback", "_state_falback"));
    }
    const shown = wrecker.faults.flatMap(({ shows = [] }) => shows);
    const silent = [...shown, ...Object.keys(neverShown)];
    expect(dashboards.withoutData).toEqual(silent.toSorted());
    const nobodyMeasures = ["state-store: Fallbacks in force A", "state-store: States D"];
    expect(misspelt.withoutData).toEqual([...silent, ...nobodyMeasures].toSorted());
    process.stdout.write(
      `${String(dashboards.count)} queries of ${String(files.length)} dashboards asked, ${String(silent.length)} silent on a site that is well\n`,
    );
  });

  test.each(wrecker.faults)("$fault: exactly the right alert, soon, and it clears [C2, C3, C4]", async (row) => {
    const begun = Date.now() / 1_000;
    const isThere = (names: readonly string[]) => row.alerts.every((name) => names.includes(name));
    tried.push(...row.alerts);
    let times: Pick<Times, "done" | "told">;
    try {
      await row.wreck();
      const done = Date.now() / 1_000;
      const { time: told } = await watch.until(row.alerts.join(), ({ alerts }) => isThere(alerts.map(nameOf)));
      times = { done, told };
      await settled(told);
      expect(watch.names).toEqual(row.alerts);
      for (const alert of row.alerts.map(ruleOf)) await expectSoon(alert, row.sign, begun);
      expect(await dashboards.newlyFound()).toEqual(row.shows ?? []);
      for (const { annotations, labels } of watch.alerts) {
        const runbook = new RegExp(`docs/runbooks/alerts/${labels["alertname"] ?? ""}\\.md$`, "u");
        expect(annotations["runbook_url"]).toMatch(runbook);
        expect(annotations["summary"]).toContain(labels["guest"] ?? labels["environment"] ?? "exporter");
      }
    } finally {
      // The next is to begin with a site that is well.
      await row.mend();
    }
    const mended = Date.now() / 1_000;
    const { time: cleared } = await watch.until(`${row.fault} is mended`, ({ alerts }) => alerts.length === 0);
    tell(row.fault, { ...times, mended, cleared });
  });

  test("the receiver was told of each of them, of its end, and of nothing else [C2, C3]", async () => {
    const all = tried.toSorted();
    await watch.until("the end of the last", () => all.every((name) => watch.heard("resolved").includes(name)));
    expect({ firing: watch.heard("firing"), resolved: watch.heard("resolved") }).toEqual({
      firing: all,
      resolved: all,
    });
  });
});

/** `BackupGone web`: the name of the rule. */
function ruleOf(name: string): string {
  return name.split(" ")[0] ?? "";
}

/**
 * Fired with the second evaluation at the latest: the first may come while Prometheus still reads the page that shows it. A rule
 * that waits fires as many evaluations later as it waits for.
 */
async function expectSoon(alert: string, sign: string, begun: number): Promise<void> {
  const { group = "", hold = 0 } = live.get(alert) ?? {};
  const evaluations = await evaluationsUntilFiring(prometheus, group, { alert, sign, begun });
  const most = 2 + hold / interval;
  process.stdout.write(`${alert}: fired with evaluation ${String(evaluations)} of at most ${String(most)}\n`);
  expect(evaluations).toBeGreaterThanOrEqual(1);
  expect(evaluations).toBeLessThanOrEqual(most);
}

const seconds = (from: number, to: number): string => `${Math.max(0, to - from).toFixed(1)} s`;

type Times = Readonly<Record<"done" | "told" | "mended" | "cleared", number>>;

/** Measured, and no limit: it depends on the machine. */
function tell(fault: string, { done, told, mended, cleared }: Times): void {
  const evaluations = Math.max(0, told - Math.min(watch.lookAfter(done) ?? done, told)) / interval;
  process.stdout.write(
    `${fault}: at Alertmanager ${seconds(done, told)} after it, ${evaluations.toFixed(1)} evaluations of ${String(interval)} s after the next look; cleared ${seconds(mended, cleared)} after it was mended\n`,
  );
}
