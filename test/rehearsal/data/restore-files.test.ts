import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { filesSource, InstalledSource } from "./support/data-source";
import { DataSite } from "./support/data-site";

let guest: DatabaseGuest;
let site: DataSite;

const isRoot = process.getuid?.() === 0;
const argv = ["restore", "files", "web", "config", "--force"];

(isRoot ? describe : describe.skip)("folders and files of a guest", () => {
  beforeAll(async () => {
    guest = await DatabaseGuest.start({ room: 512 });
    site = new DataSite([
      { name: "web", id: 103, guest, data: ["config: { kind: files, paths: [/etc/app, /etc/single.conf] }"] },
    ]);
    await guest.must(
      "mkdir -p /etc/app/sub && echo one > /etc/app/sub/file && chown 1234 /etc/app/sub && echo single > /etc/single.conf",
    );
    await new InstalledSource(guest, filesSource({ name: "config", paths: ["/etc/app", "/etc/single.conf"] })).dump();
  });

  afterAll(() => site.stop());

  beforeEach(() =>
    guest.must("echo two > /etc/app/sub/file; echo more > /etc/app/added; echo other > /etc/single.conf"),
  );

  test("come back as they were, what was added since is gone, and undo brings it back [I6, K1]", async () => {
    expect(await lifeboat(argv)).toMatchObject({
      items: [{ into: "/etc/app", replaced: true }, { into: "/etc/single.conf" }],
    });
    expect(await picture()).toBe("one 1234 single");
    expect(await lifeboat(["undo", "web", "--force"])).toMatchObject({
      items: [{ replaced: true }, { replaced: true }],
    });
    expect(await picture()).toBe("two 1234 other added");
  });

  test("come beside what is there, one of them, under another name [I6]", async () => {
    const beside = ["restore", "files", "web", "config", "/etc/app", "--into", "/root/app before", "--force"];
    expect(await lifeboat(beside)).toMatchObject({
      items: [{ name: "/etc/app", into: "/root/app before", replaced: false }],
    });
    expect(await guest.must("cat '/root/app before/sub/file'")).toBe("one");
    expect(await picture()).toBe("two 1234 other added");
    expect(await site.lifeboat(beside)).toMatchObject({
      code: 13,
      stderr: expect.stringContaining("is in web already"),
    });
    await guest.must("rm -r '/root/app before'");
  });

  test("a place that is a file system of its own is not renamed, and nothing is changed [I6]", async () => {
    await guest.must("mount -t tmpfs own /etc/app && echo mounted > /etc/app/file");
    const refused = await site.lifeboat([...argv.slice(0, 4), "/etc/app", "--force"]);
    const kept = await guest.must("cat /etc/app/file; umount /etc/app");
    expect(refused).toMatchObject({ code: 13, stderr: expect.stringContaining("is a file system of its own") });
    expect([kept, await picture()]).toEqual(["mounted", "two 1234 other added"]);
  });

  test.each(["before 7", "before 9", "after 13", "before 14", "before 17"])(
    "killed %s a write of the journal, ended by the same command, or taken back by undo [K4, I6]",
    async (moment) => {
      expect(await site.lifeboat(argv, {}, moment)).toMatchObject({ code: null });
      const ended = await site.lifeboat(argv);
      expect(ended).toMatchObject({ code: 0 });
      expect(await picture()).toBe("one 1234 single");
      await guest.must("echo two > /etc/app/sub/file; echo more > /etc/app/added; echo other > /etc/single.conf");
      expect(await site.lifeboat(argv, {}, moment)).toMatchObject({ code: null });
      expect(await site.lifeboat(["undo", "web", "--force"])).toMatchObject({ code: 0 });
      expect(await picture()).toBe("two 1234 other added");
    },
  );
});

/** What is there, and what a restore has left beside it. */
function picture(): Promise<string> {
  return guest.must(
    "echo $(cat /etc/app/sub/file) $(stat -c %u /etc/app/sub) $(cat /etc/single.conf) $(ls /etc/app | grep added) $(ls -A /etc /root | grep lifeboat_)",
  );
}

async function lifeboat(words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await site.lifeboat([...words, "--json"]);
  if (code !== 0) throw new Error(`${words.join(" ")} ended with ${String(code)}: ${stdout}${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}
