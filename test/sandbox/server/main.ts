/**
 * The process of a site:
 *
 *     node scripts/run.cjs test/sandbox/server/main.ts --state FOLDER --listen NODE=ADDRESS:PORT …
 *       [--driver memory|real] [--fixture FILE] [--unauthorized-delay MILLISECONDS] [--without-statistics]
 *       [--scheduler]
 *
 * Prints one line of JSON when it is ready: what the control command `status` answers. A fixture is loaded where the
 * folder holds no site yet. With `--scheduler` backup jobs run by themselves. Ends at SIGTERM, SIGINT or the control command `stop`.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createDriver } from "../drivers/create";
import { parseFixture } from "../model/fixture";
import { loadFixture } from "../model/fixture-files";
import { serveControl, siteStatus } from "./control";
import { controlHandler } from "./control-handler";
import { type Listen, SiteServer } from "./site-server";

function parseListen(text: string): Listen {
  const [, node, address, port] = /^([A-Za-z0-9-]+)=(.+):(\d+)$/.exec(text) ?? [];
  if (node === undefined || address === undefined) throw new Error(`--listen ${text}: expected NODE=ADDRESS:PORT`);
  return { node, address, port: Number(port) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: "string" },
      driver: { type: "string", default: "memory" },
      listen: { type: "string", multiple: true, default: [] },
      fixture: { type: "string" },
      "unauthorized-delay": { type: "string", default: "3000" },
      "without-statistics": { type: "boolean", default: false },
      scheduler: { type: "boolean", default: false },
    },
  });
  if (values.state === undefined) throw new Error("--state is needed");
  const folder = resolve(values.state);
  mkdirSync(folder, { recursive: true });
  const listen = values.listen.map(parseListen);
  const nodes = listen.map(({ node }) => node);
  const server = await SiteServer.start({
    folder,
    driver: createDriver(values.driver, folder, nodes),
    listen,
    unauthorizedDelay: Number(values["unauthorized-delay"]),
    statistics: !values["without-statistics"],
  });
  if (server.site.clusters.length === 0 && values.fixture !== undefined) {
    await loadFixture(server.site, parseFixture(readFileSync(values.fixture, "utf8")));
  }
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    control
      .close()
      .then(() => server.close())
      .then(() => process.exit(0))
      .catch(fail);
  };
  if (values.scheduler) runScheduler(server);
  const control = await serveControl(folder, controlHandler(server, stop));
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  console.log(JSON.stringify(await siteStatus(folder)));
}

/** Proxmox looks once a minute. */
function runScheduler({ scheduler }: SiteServer): void {
  setInterval(() => {
    scheduler.tick().catch((failure: unknown) => console.error(failure));
  }, 60_000).unref();
}

function fail(failure: unknown): void {
  console.error(failure instanceof Error ? failure.message : failure);
  process.exit(1);
}

main().catch(fail);
