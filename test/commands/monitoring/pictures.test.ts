import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { dashboardFiles, dashboards } from "../../../site/monitoring/dashboards/files";
import { queriesOf } from "../../../site/monitoring/dashboards/queries-of";
import { prometheus, promtool } from "../../support/debian-program";
import { documentOf, draw } from "../../support/monitoring/browser";
import { builtGrafana, chromium } from "../../support/monitoring/picture-programs";
import { SampleGrafana } from "../../support/monitoring/sample-grafana";
import { SamplePrometheus } from "../../support/monitoring/sample-prometheus";
import { openMetrics } from "../../support/monitoring/sample-site";

const programs = { grafana: builtGrafana(), browser: chromium(), prometheus: prometheus(), promtool: promtool() };
const describePictures = Object.values(programs).includes(undefined) ? describe.skip : describe;
const { grafana: archive = "", browser = "", prometheus: program = "", promtool: tool = "" } = programs;

const chosen: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "lifeboat-backup-overview": { environment: "prod|lab|monitoring" },
  "lifeboat-backup-guest": { environment: "prod", guest: "database" },
  "lifeboat-state-store": { environment: "prod|lab|monitoring" },
};
const shown = dashboards().map(({ uid = "", panels = [] }) => {
  const ends = panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0));
  return { uid, panels, rows: Math.max(...ends) };
});
/** Height of a picture in the documentation: what is below is told in words. */
const mostPixels = 1190;
const themes = ["light", "dark"] as const;

/** Folder for the pictures of the documentation, which are of light pages: `npm run pictures`. */
const { LIFEBOAT_PICTURES: target } = process.env;

describePictures("a real Grafana", () => {
  let server: SamplePrometheus;
  let grafana: SampleGrafana;

  beforeAll(async () => {
    const history = openMetrics(Math.floor(Date.now() / 1000), { span: 8 * 86_400, step: 1800 });
    server = await SamplePrometheus.start({ prometheus: program, promtool: tool }, history);
    grafana = await SampleGrafana.start(archive, { dashboards: dashboardFiles(), prometheus: server.endpoint });
  });
  afterAll(async () => {
    await grafana.stop();
    await server.stop();
  });

  test.each(shown)("takes $uid from its file, and gets data for its queries [C4, 002 P5]", async ({ uid }) => {
    expect(await grafana.dashboard(uid)).toMatchObject({ meta: { provisioned: true }, dashboard: { uid } });
    const file = dashboards().find((dashboard) => dashboard.uid === uid);
    const empty: string[] = [];
    for (const { panel, expression, mayBeEmpty } of queriesOf(file, chosen[uid] ?? {})) {
      if (!mayBeEmpty && (await grafana.rowsOf(expression)) === 0) empty.push(panel);
    }
    expect(empty).toEqual([]);
  });

  test.each(shown.flatMap((one) => themes.map((theme) => ({ ...one, theme }))))(
    "shows every panel of $uid on a $theme page [C4]",
    async ({ uid, theme, panels, rows }) => {
      const page = { address: addressOf(uid, theme), width: 1280, height: rows * 38 + 60 };
      const text = await documentOf(browser, page);
      const titles = panels.map(({ title = "" }) => title);
      expect(titles.filter((title) => !text.includes(title))).toEqual([]);
      expect(text).not.toMatch(/Panel plugin not found|An unexpected error|Failed to/);
      if (target !== undefined && theme === "light") {
        mkdirSync(target, { recursive: true });
        const file = join(resolve(target), `${uid.replace("lifeboat-", "")}.png`);
        await draw(browser, { ...page, height: Math.min(page.height, mostPixels) }, file);
        expect(statSync(file).size).toBeLessThan(200_000);
      }
    },
  );

  function addressOf(uid: string, theme: string): string {
    const variables = Object.entries(chosen[uid] ?? {}).flatMap(([name, values]) =>
      values.split("|").map((value) => `var-${name}=${value}`),
    );
    return `${grafana.endpoint}/d/${uid}/x?${[...variables, `theme=${theme}`, "kiosk"].join("&")}`;
  }
});
