import { RestoreSite } from "./restore-site";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
}, 60_000);

afterAll(() => site.stop());

test("in place", async () => {
  const archive = await site.backUp(101);
  const dry = await site.lifeboat(["restore", "guest", "web", "--dry-run"]);
  console.log(dry);
  const result = await site.lifeboat(["restore", "guest", "web", "--force", "--stop"]);
  console.log(archive, result.code, result.stdout, result.stderr);
  console.log(site.journals()[0]);
  const undone = await site.lifeboat(["undo", "web", "--force", "--stop"]);
  console.log(undone.code, undone.stdout, undone.stderr);
}, 60_000);
