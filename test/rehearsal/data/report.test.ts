import { writeFileSync } from "node:fs";
import { reportAnswerer, reportWriter } from "../../../components/data/report/scripts";
import { offsiteGuestPlaces } from "../../../site/data/offsite-places";
import { parseReport } from "../../../site/data/report";
import { reportPlaces as places } from "../../../site/data/report-places";
import { DatabaseGuest, type GuestAnswer } from "../../support/database-guest/database-guest";
import { commandSource, InstalledSource } from "./support/data-source";

// What a guest tells of its dumps to who watches, by the programs that it gets; systemd's part is in what rehearses the whole site.
const watcher = "192.0.2.131";

(process.getuid?.() === 0 ? describe : describe.skip)("a guest's report of its dumps", () => {
  let guest: DatabaseGuest;
  let sealed: InstalledSource;

  beforeAll(async () => {
    guest = await DatabaseGuest.start();
    await guest.must(`mkdir -p ${places.folder} && echo sealed > /srv/sealed`);
    writeFileSync(guest.path(places.writer), reportWriter, { mode: 0o755 });
    writeFileSync(guest.path(places.answerer), reportAnswerer, { mode: 0o755 });
    writeFileSync(guest.path(places.allowed), `192.0.2.130\n${watcher}\n`);
    sealed = new InstalledSource(guest, commandSource({ name: "sealed", command: "cat /srv/sealed" }));
    const other = new InstalledSource(guest, commandSource({ name: "other", command: "exit 1" }));
    await other.program("status");
  }, 300_000);

  afterAll(() => guest?.stop());

  /** As systemd starts it for a connection, and as a client asks. */
  function ask(from = watcher, request = "GET / HTTP/1.1\r\nHost: web\r\n\r\n"): Promise<GuestAnswer> {
    return guest.run(["env", `REMOTE_ADDR=${from}`, "sh", places.answerer], { input: request });
  }

  async function told(from?: string) {
    await guest.must(places.writer);
    const { stdout } = await ask(from);
    const [head = "", body = ""] = stdout.split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.0 200 OK\r\n/u);
    expect(head).toContain(`Content-Length: ${String(Buffer.byteLength(body))}`);
    expect(head).toMatch(/\r\nAge: \d\r\n/u);
    return { body, report: parseReport(body) };
  }

  test("says how each source's last run ended and which dump is its newest, and nothing that a log says [C2, I2]", async () => {
    await sealed.dump();
    // A dump's name has seconds.
    await guest.must("rm /srv/sealed; sleep 1.1");
    const line = await sealed.failingRun();
    expect(line).toContain("No such file");
    const { body, report } = await told();
    expect(body).not.toContain("No such file");
    const [dump] = await sealed.manifests();
    expect(report).toEqual({
      copies: undefined,
      sources: [
        expect.objectContaining({ source: "other", result: "never", dumps: 0, newest: undefined }),
        expect.objectContaining({
          source: "sealed",
          result: "error",
          dumps: 1,
          newest: expect.objectContaining({ dump: dump?.name }),
        }),
      ],
    });
  });

  test("says which copies lie elsewhere, whatever the log of the copies has [C2, J2]", async () => {
    const [dump] = await sealed.manifests();
    const { state, newest } = offsiteGuestPlaces;
    await guest.must(`mkdir -p ${newest} && echo '${dump?.name ?? ""}' > ${newest}/sealed`);
    const status = `{"version":1,"result":"error","time":1795000000,"message":"it said \\"no\\", } and }"}`;
    writeFileSync(guest.path(`${state}/status.json`), `${status}\n`);
    expect((await told(`::ffff:${watcher}`)).report?.copies).toEqual({
      succeeded: false,
      time: 1_795_000_000,
      newest: new Map([["sealed", dump?.time]]),
    });
  });

  test("a source that cannot be read is left out, and the others are told [C2]", async () => {
    await guest.must("echo 'kind=' > /etc/lifeboat/data/other/settings");
    expect((await told()).report?.sources.map(({ source }) => source)).toEqual(["sealed"]);
  });

  test("answers nobody else, and has nothing to say before it has looked [C2]", async () => {
    await guest.must(places.writer);
    expect((await ask()).stdout).toMatch(/^HTTP\/1\.0 200 /u);
    for (const from of ["192.0.2.13", "192.0.2.1310", ".*", "", "-v"]) {
      expect((await ask(from)).stdout).toMatch(/^HTTP\/1\.0 403 /u);
    }
    await guest.must(`rm ${places.report}`);
    expect((await ask()).stdout).toMatch(/^HTTP\/1\.0 503 /u);
  });
});
