import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { layoutOf, type Layout, type SandboxRecord } from "../../../sandbox/setup/layout";
import { serviceStates, startServices, switchService } from "../../../sandbox/setup/services/services";

const projectFolder = resolve(__dirname, "../../../..");
const { XDG_CACHE_HOME: cacheHome } = process.env;

describe("the services of a site, on a machine where their programs were not built", () => {
  let layout: Layout;

  beforeEach(() => {
    layout = layoutOf(mkdtempSync(join(tmpdir(), "lifeboat-")));
    mkdirSync(layout.server);
    process.env["XDG_CACHE_HOME"] = join(layout.folder, "cache");
  });

  afterEach(() => {
    if (cacheHome === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = cacheHome;
    rmSync(layout.folder, { recursive: true });
  });

  async function said(driver: SandboxRecord["driver"]): Promise<string[]> {
    const lines: string[] = [];
    const record: SandboxRecord = { format: 1, driver, nodes: [], complete: true };
    const wanted = { docker: false, say: (line: string) => void lines.push(line) };
    expect(await startServices(layout, record, projectFolder, wanted)).toBeUndefined();
    return lines;
  }

  test("the site comes up without them and says in one line how they are had", async () => {
    expect(await said("real")).toEqual([
      "No artifact mirror and no offsite S3 server without the server of the state store: npm run toolchain -- --all",
    ]);
    expect(serviceStates(layout)).toEqual([]);
    await expect(switchService(layout, projectFolder, "offsite", "stop")).rejects.toMatchObject({
      message: "this site has no offsite",
      hint: "npm run toolchain -- --all, then: npm run sandbox -- up",
    });
  });

  test("a site that is to have an image registry does not come up without them", async () => {
    const record: SandboxRecord = { format: 1, driver: "real", nodes: [], complete: true };
    const wanted = { docker: true, say: () => undefined };
    await expect(startServices(layout, record, projectFolder, wanted)).rejects.toMatchObject({
      message: "no image registry without the server of the state store",
      hint: "npm run toolchain -- --all",
    });
  });

  test("a site without guests has none and says nothing", async () => {
    expect(await said("memory")).toEqual([]);
  });
});
