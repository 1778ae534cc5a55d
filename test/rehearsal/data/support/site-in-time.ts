import { PointInTimeGuest } from "../../../support/database-guest/point-in-time-guest";
import { InstalledSource, postgresSource } from "./data-source";
import { DataSite } from "./data-site";

const source = "shop";
const settings = [
  `${source}:`,
  "  kind: postgres",
  "  pointInTime:",
  "    store: { endpoint: https://store.site.test:9000, address: 127.0.0.1, bucket: recovery }",
];

/** A project with one guest, `web`, whose PostgreSQL has dumps and archives its WAL as the source `shop`. No backup of it is made yet. */
export class SiteInTime {
  private constructor(
    readonly web: PointInTimeGuest,
    readonly site: DataSite,
  ) {}

  /** @param more lines beside that source in `data` of the guest */
  static async start(more: readonly string[] = []): Promise<SiteInTime> {
    const web = await PointInTimeGuest.start((line) => void process.stderr.write(`${line}\n`));
    const site = new DataSite([{ name: "web", id: 101, guest: web.guest, data: [...settings, ...more] }]);
    try {
      await new InstalledSource(web.guest, postgresSource()).program("list");
      await web.write(source);
      await web.mustVerb("install", source);
    } catch (error) {
      await site.stop();
      throw error;
    }
    return new SiteInTime(web, site);
  }

  /** Asks a database, whatever its name is. */
  async sql(text: string, database: string): Promise<string> {
    const words = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"];
    const environment = { PGDATABASE: database };
    const { guest } = this.web;
    const { exitCode, stdout, stderr } = await guest.run(words, { user: "postgres", environment, input: text });
    if (exitCode !== 0) throw new Error(`${text}\n${stderr}`);
    return stdout.trim();
  }
}
