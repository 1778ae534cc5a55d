import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { baseFolder, composeProject } from "../../../site/monitoring/services/places";
import { serviceFiles } from "../../../site/monitoring/services/files";
import { environmentOf } from "../../support/example-environment";
import { exampleImages, exampleMonitoring, monitoringSettings } from "../../support/example-monitoring";
import type { CommandResult } from "../support/commands";
import { type DemoSite, expectExit } from "../support/demo-site";
import { changeSettings } from "../support/store-settings";

/** A site whose monitoring runs in a guest by Compose 1. */
export interface WatchedSite {
  readonly site: DemoSite;
  /** Of the guest. */
  readonly address: string;
  /** File with the environment's settings. */
  readonly settings: string;
  readonly up: () => Promise<CommandResult>;
  readonly inGuest: (command: string) => Promise<string>;
  /** Command in the guest that says since when it watches. */
  readonly check: string;
}

const plugins = "/usr/local/lib/docker/cli-plugins";
const installed = `${baseFolder}/stack/current/compose.yaml`;
const changed = "/run/changed.yaml";
const projectSchema = z.object({ services: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** Compose files as the monitoring writes them, of all settings that make a difference in them. */
function everyFile(): string[] {
  const pages = { certificate: "certificate\n", key: "key\n", authority: "authority\n" };
  const tls = { listen: "tls", allow: ["192.0.2.0/24"] };
  return [{}, tls].flatMap((listen) =>
    [{}, { registry: undefined }].map((registry) => {
      const watching = exampleMonitoring({ retention: "400d", ...listen, images: exampleImages(registry) });
      const { monitoring } = environmentOf(monitoringSettings({ monitoring: watching }), "monitoring");
      if (monitoring === undefined) throw new Error("the example watches");
      const secrets = { grafanaPassword: "not-a-secret", receivers: {} };
      const rest = { address: "192.0.2.131", data: "/var/lib/prometheus", rules: {}, dashboards: {} };
      const files = serviceFiles({ monitoring, secrets, ...rest, ...(monitoring.listen === "tls" ? { pages } : {}) });
      return files.find(({ name }) => name === "compose.yaml")?.text ?? "";
    }),
  );
}

/** What a version of Compose understands, apart from how it writes it: `2m` is `2m0s`. */
function understood(text: string): z.infer<typeof projectSchema> {
  return projectSchema.parse(parse(text.replaceAll(/(stop_grace_period: \d+m)0s/gu, "$1")));
}

const compose = (file: string, words: string) => `--project-name ${composeProject} --file ${file} ${words}`;

/** @param program Docker Compose 2 as a plugin of Docker. Each test stands on the one before */
export function composeTwo(program: string, { address, check, inGuest, settings, site, up }: WatchedSite): void {
  const one = (file: string, words: string) => inGuest(`docker-compose ${compose(file, words)}`);

  /** @returns what it printed; it warns of nothing */
  async function two(file: string, words: string): Promise<string> {
    const { stdout, stderr } = expectExit(
      await site.ssh(address, `docker compose ${compose(file, words)}`),
      [0],
      `docker compose ${words}`,
    );
    expect(stderr).not.toMatch(/level=|warn/iu);
    return stdout;
  }

  /** Of each service its container, when that began, and by which Compose. */
  async function running(): Promise<Readonly<Record<string, string>>> {
    const label = "com.docker.compose.version";
    const format = `{{.Name}} {{.Id}} {{.State.StartedAt}} Compose {{index .Config.Labels "${label}"}}`;
    const names = ["prometheus", "alertmanager", "grafana"].map((name) => `${composeProject}-${name}`);
    const here = (await inGuest("docker ps --format '{{.Names}}'")).split("\n");
    const lines = await inGuest(
      `docker inspect --format '${format}' ${names.filter((name) => here.includes(name)).join(" ")}`,
    );
    return Object.fromEntries(lines.split("\n").map((line) => [line.slice(1).split(" ")[0] ?? "", line]));
  }

  /** Folders that stay where they are for as long as nobody makes them anew. */
  const data = () =>
    inGuest(
      `cd $(docker inspect --format '{{range .Mounts}}{{if eq .Destination "/data"}}{{.Source}}{{end}}{{end}}' ${composeProject}-prometheus) && ls -di wal . ../alertmanager`,
    );

  test("reads in the file of all settings what Compose 1 reads, and warns of nothing [C1]", async () => {
    const send = site.sshWords(
      address,
      `mkdir -p ${plugins} && cat >${plugins}/docker-compose && chmod 0755 ${plugins}/*`,
    );
    expectExit(
      await site.inside("sh", "-c", 'file=$1; shift; exec "$@" <"$file"', "sh", program, ...send),
      [0],
      "the plugin",
    );
    expect(await inGuest("docker compose version")).toBe("Docker Compose version v2.40.3");
    const files = [await inGuest(`cat ${installed}`), ...everyFile()];
    expect(new Set(files).size).toBe(5);
    for (const text of files) {
      await inGuest(`cat >${changed} <<'end'\n${text}\nend`);
      const read = understood(await two(changed, "config"));
      expect(Object.keys(read.services).length).toBeGreaterThan(1);
      expect(read.services).toEqual(understood(await one(changed, "config")).services);
    }
  });

  test("an update goes on by it: it takes over what Compose 1 has started, with the data that are there; a changed rule is read without a restart [C1]", async () => {
    const [since, folders, before] = [await inGuest(check), await data(), await running()];
    expect(Object.values(before).join("\n")).not.toContain("Compose 2");
    const file = readFileSync(settings, "utf8");
    const evaluation = /evaluation: 3s/u.test(file) ? "2s" : "3s";
    changeSettings(settings, [[["config", "lifeboat:monitoring", "evaluation"], evaluation]]);
    expectExit(await up(), [0], "pulumi up");
    const after = await running();
    for (const line of Object.values(after)) expect(line).toMatch(/ Compose 2\.40\.3$/u);
    expect([Object.keys(after), await data(), await inGuest(check)]).toEqual([Object.keys(before), folders, since]);

    changeSettings(settings, [[["config", "lifeboat:monitoring", "backupAlerting"], false]]);
    expectExit(await up(), [0], "pulumi up");
    expect(await inGuest("curl --silent http://127.0.0.1:9090/api/v1/rules")).toContain('"groups":[]');
    expect(await running()).toEqual(after);
  });

  test("a changed image begins anew, alone, and `down` keeps the data [C1]", async () => {
    const [since, folders, before] = [await inGuest(check), await data(), await running()];
    const name = `${composeProject}-alertmanager`;
    const image = await inGuest(`docker inspect --format '{{.Config.Image}}' ${name}`);
    await inGuest(
      `docker tag ${image} local/changed:1 && sed 's|image: ${image}|image: local/changed:1|' ${installed} >${changed}`,
    );
    await two(changed, "up --detach --remove-orphans");
    const after = await running();
    expect(after[name]).not.toBe(before[name]);
    expect({ ...after, [name]: "" }).toEqual({ ...before, [name]: "" });

    await two(changed, "down");
    expect(await inGuest("docker ps --all --quiet")).toBe("");
    await two(installed, "up --detach");
    expect(await data()).toBe(folders);
    expect(await inGuest(`timeout 300 sh -c 'until ${check}; do sleep 1; done' | tail -n 1`)).toBe(since);
  });
}
