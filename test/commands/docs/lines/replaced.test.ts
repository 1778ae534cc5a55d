import { mkdirSync } from "node:fs";
import { type ReplacedSite, startReplaced } from "../../recover/replaced-site";
import { runLines } from "../run-lines";

/** Lines for a node that was replaced by one of another name. */
let replaced: ReplacedSite;

beforeAll(async () => {
  replaced = await startReplaced();
  const { site } = replaced.lost;
  // The folder for data is called there what it was called before; only `local` is another.
  mkdirSync(site.nodePath("pve-new", "mnt/data"), { recursive: true });
  const root = site.rootClient("pve-new");
  await root.post(["storage"], { storage: "data", type: "dir", path: "/mnt/data", content: "rootdir,images" });
  await root.close();
});

afterAll(() => replaced.stop());

runLines("replaced", () => ({ site: replaced.lost.site, variables: replaced.lost.shell }));
