import { dashboardFiles } from "../../../../../site/monitoring/dashboards/files";
import { queriesOf } from "../../../../../site/monitoring/dashboards/queries-of";
import { prometheus, promtool } from "../../../../support/debian-program";
import { openMetrics } from "../../../../support/monitoring/sample-site";
import { SamplePrometheus } from "../../../../support/monitoring/sample-prometheus";
import { queriesWithoutData } from "../../../../support/monitoring/without-data";

const programs = { prometheus: prometheus(), promtool: promtool() };
const describeQueries = Object.values(programs).includes(undefined) ? describe.skip : describe;
const files = Object.entries(dashboardFiles()).map(([name, text]) => ({ name, content: JSON.parse(text) }));
const site = { environment: "prod|lab|monitoring", guest: "web" };

describeQueries("a real Prometheus that knows the history of a site", () => {
  let server: SamplePrometheus;
  beforeAll(async () => {
    const now = Math.floor(Date.now() / 1000);
    const { prometheus: program = "", promtool: tool = "" } = programs;
    const history = openMetrics(now, { span: 3 * 3600, step: 900 }, { away: 0, keyless: 1 });
    server = await SamplePrometheus.start({ prometheus: program, promtool: tool }, history);
  });
  afterAll(() => server.stop());

  /** Those of the numbers at the top of a dashboard that say anything. */
  async function told(file: number, environment: string): Promise<readonly string[]> {
    const headline = queriesOf(files[file]?.content, { environment }).slice(0, file === 0 ? 8 : 4);
    const found = await Promise.all(headline.map(({ expression }) => server.ask(expression)));
    return headline.filter((_, index) => found[index]?.length !== 0).map(({ panel }) => panel);
  }

  test.each(files)("answers every query of $name with data [C4]", async ({ name, content }) => {
    const variables = name === "backup-guest.json" ? { environment: "prod", guest: "web" } : site;
    expect(await queriesWithoutData(content, variables, (expression) => server.ask(expression))).toEqual([]);
  });

  test.each(files)("tells a number wherever it tells anything: $name [C4]", async ({ name, content }) => {
    // A guest with everything, and one that has nothing yet.
    for (const guest of name === "backup-guest.json" ? ["web", "wiki"] : [""]) {
      const variables = guest === "" ? site : { environment: "prod", guest };
      const queries = queriesOf(content, variables);
      const told = await Promise.all(queries.map(({ expression }) => server.ask(expression)));
      const noNumber = queries.filter((_, index) => JSON.stringify(told[index]).includes('"NaN"'));
      expect(noNumber.map(({ panel, reference }) => `${panel} ${reference}`)).toEqual([]);
    }
  });

  test.each([
    { environment: "monitoring", found: [{ value: [expect.any(Number), "0"] }], meaning: "none" },
    { environment: "prod|monitoring", found: [{ value: [expect.any(Number), "1"] }], meaning: "one" },
    { environment: "monitoring|away", found: [], meaning: "unknown, as one environment does not answer" },
    { environment: "nobody", found: [], meaning: "unknown, as the exporter says nothing" },
  ])("knows of $meaning: unfinished operations in $environment [C4]", async ({ environment, found }) => {
    const queries = queriesOf(files[0]?.content, { environment });
    const query = queries.find(({ panel }) => panel === "Unfinished operations");
    expect(await server.ask(query?.expression ?? "")).toMatchObject(found);
  });

  test("knows only of trouble while one environment does not answer: nothing is called good [C4]", async () => {
    expect([await told(0, "prod|away"), await told(0, "monitoring|away")]).toEqual([
      [
        "Environments without an answer",
        "Guests that missed their RPO",
        "Guests whose newest run failed",
        "Not covered by backups",
        "Guests without a proof",
        "Unfinished operations",
        "Fullest storage",
      ],
      ["Environments without an answer"],
    ]);
  });

  test.each([
    { environment: "prod|monitoring", panels: 4, meaning: "everything of states that were seen" },
    { environment: "prod|away", panels: 0, meaning: "nothing where one environment does not answer" },
    { environment: "prod|keyless", panels: 1, meaning: "copies alone where the exporter has no key to a state" },
  ])("tells $meaning: $environment [C4]", async ({ environment, panels }) => {
    expect(await told(2, environment)).toHaveLength(panels);
  });

  test("answers a query for what nobody measures with nothing [C4]", async () => {
    const content = JSON.parse(JSON.stringify(files[2]?.content).replaceAll("_state_fallback", "_state_falback"));
    const missing = await queriesWithoutData(content, site, (expression) => server.ask(expression));
    expect(missing.map((line) => line.split(":")[0])).toEqual(["Fallbacks in force A", "States D"]);
  });
});
