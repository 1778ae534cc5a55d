import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { dashboards } from "../../site/monitoring/dashboards/files";
import { findGrafana } from "../sandbox/setup/services/artifacts";
import { projectFolder } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { changeSettings } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A real Grafana that answers on its guest's address by TLS, with keys that one command has made. It is built only where somebody
// asks for it: npm run toolchain -- --artifact grafana
const isRoot = process.getuid?.() === 0;
const describeGrafana = isRoot && findGrafana(projectFolder) !== undefined ? describe : describe.skip;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-pages-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const settings = join(site.folder, "project", "Pulumi.monitoring.yaml");
const authority = join(parent, "authority.pem");
const address = "192.0.2.131";
const pages = `https://${address}:3000`;
const secretsSchema = z.object({ grafanaPassword: z.string().min(16) });

jest.setTimeout(20 * 60_000);

afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** As `HTTP status, exit code`. */
async function ask(url: string, ...words: string[]): Promise<[string, number | null]> {
  const options = ["--silent", "--max-time", "10", "--output", "/dev/null", "--write-out", "%{http_code}"];
  const { stdout, exitCode } = await site.inside("curl", ...options, ...words, url);
  return [stdout.trim(), exitCode];
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], command).stdout.trim();
}

describeGrafana("pages on the guest's address", () => {
  beforeAll(async () => {
    await obtainToolchain(site);
    expectExit(await site.sandbox("up", "--driver", "real", "--docker"), [0], "the sandbox");
    for (const name of ["prod", "lab"]) rmSync(join(site.folder, "project", `Pulumi.${name}.yaml`));
    changeSettings(settings, [
      [["config", "lifeboat:stateStore"], undefined],
      [["config", "lifeboat:guests", "store"], undefined],
      [["config", "lifeboat:monitoring", "evaluation"], "2s"],
      [["config", "lifeboat:monitoring", "receivers"], undefined],
      [["config", "lifeboat:monitoring", "listen"], "tls"],
      [["config", "lifeboat:monitoring", "allow"], ["192.0.2.0/24"]],
    ]);
    expectExit(await site.inside("lifeboat", "up", "--force"), [0], "lifeboat up");
    const told = await site.pulumi("monitoring", "stack", "output", "monitoringAuthority");
    writeFileSync(authority, expectExit(told, [0], "the authority").stdout);
  }, firstUseLimit);

  afterAll(() => site.sandbox("down"));

  test("they answer who trusts the authority that the stack tells, and nobody without TLS [C1, B4]", async () => {
    expect(await ask(`${pages}/api/health`, "--cacert", authority)).toEqual(["200", 0]);
    // 60: nobody vouches for it.
    expect(await ask(`${pages}/api/health`)).toEqual(["000", 60]);
    expect((await ask(`${pages.replace("https", "http")}/api/health`))[0]).not.toBe("200");
  });

  test("they show the dashboards with the password that was made, and nothing without it [C1, C4]", async () => {
    const shown = await site.pulumi("monitoring", "config", "get", "lifeboat:monitoringSecrets");
    const text = expectExit(shown, [0], "the password").stdout;
    const { grafanaPassword } = secretsSchema.parse(JSON.parse(text));
    const list = `${pages}/api/search?type=dash-db`;
    expect(await ask(list, "--cacert", authority)).toEqual(["401", 0]);
    const login = ["--user", `admin:${grafanaPassword}`, "--cacert", authority];
    const found = expectExit(await site.inside("curl", "--silent", ...login, list), [0], "the dashboards").stdout;
    const uids = z.array(z.object({ uid: z.string() })).parse(JSON.parse(found));
    expect(uids.map(({ uid }) => uid).sort()).toEqual(
      dashboards()
        .map(({ uid }) => uid)
        .sort(),
    );
  });

  test("Prometheus reaches them by TLS too, and all watch; nothing else answers outside of the guest [C1]", async () => {
    expect(await inGuest("/usr/local/lib/lifeboat/monitoring-check")).toMatch(/^watching since \d+$/u);
    const up = `curl --silent --get --data-urlencode 'query=up{job="grafana"}' http://127.0.0.1:9090/api/v1/query`;
    expect(await inGuest(up)).toContain('"1"]');
    for (const port of ["9090", "9093", "9941"]) {
      expect([port, (await ask(`http://${address}:${port}/`))[1]]).toEqual([port, 7]);
    }
  });
});
