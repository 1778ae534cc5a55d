import { existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { installScript, type ServerFiles } from "../../../components/state-store/install-script";
import { below, FakeGuest, type Installed } from "./fake-guest";

const files: ServerFiles = {
  mount: "/var/lib/minio",
  ports: { api: 9000 },
  root: { accessKey: "lifeboat@root", secretKey: "not-a-real-secret" },
  key: "not-a-real-key\n",
  certificate: "server\n",
  authority: "authority\n",
};
const url = "http://192.0.2.20/minio";
const restart = "systemctl restart lifeboat-state-store.service";

let guest: FakeGuest;

beforeEach(() => {
  guest = new FakeGuest();
});

afterEach(() => guest.remove());

/** Installs a program that behaves so; it is what the settings name. */
function install(behaviour: string, changes: Partial<ServerFiles> = {}): Installed {
  return guest.install({ ...files, ...changes }, { url, sha256: guest.publish(behaviour) });
}

/** What runs, and what an installation that fails must leave as it is. */
function present(): unknown {
  return [guest.linkOf("current"), guest.linkOf("proven"), guest.releases, guest.textOf("current/server")];
}

test("no path of the script is left to the machine that runs these tests", () => {
  const script = below("/scratch", installScript(files)).replaceAll(/<<'(.*)'$[^]*?^\1$/gmu, "");
  const paths = script.matchAll(/(?<![\w/}>*:]|\w")\/[a-z][\w/]*/gu);
  const reached = [...new Set([...paths].map(([path]) => path))].filter((path) => !path.startsWith("/scratch/"));
  expect(reached).toEqual(["/var/lib/minio/data", "/dev/null", "/nonexistent", "/usr/sbin/nologin"]);
});

describe("a first installation", () => {
  test("runs the program that the settings name, with secrets that only its user reads [B2, B4]", () => {
    const { status, stderr, calls } = install("healthy 1");
    expect([status, stderr]).toEqual([0, ""]);
    const [release = ""] = guest.releases;
    expect([guest.linkOf("current"), guest.linkOf("proven"), guest.releases]).toEqual([release, release, [release]]);
    expect(guest.textOf("current/server")).toContain("healthy 1");
    expect(readFileSync(guest.unitLink, "utf8")).toContain("ProtectSystem=strict");
    for (const secret of ["root-user", "root-password", "certs/private.key"]) {
      expect([secret, statSync(join(guest.base, "current", secret)).mode & 0o777]).toEqual([secret, 0o400]);
    }
    expect(calls.filter((call) => call.startsWith("chown"))).toContainEqual(
      expect.stringMatching(/^chown lifeboat-store:lifeboat-store .*root-password .*private\.key/u),
    );
    expect(calls).toContain(restart);
  });

  test.each([
    ["mounted", "is not a mount point in this guest: the data would lie on its root disk"],
    ["run/systemd/system", "this guest has no systemd"],
  ])("without %s nothing is made [B4]", (missing, why) => {
    guest.unset(missing);
    const { status, stderr } = install("healthy 1");
    expect([status, stderr]).toEqual([1, expect.stringContaining(why)]);
    expect(existsSync(guest.base)).toBe(false);
  });

  test("where the container allows no mount namespaces the server runs with fewer restrictions, and this is said [B4]", () => {
    guest.unset("namespaces");
    const { status, stderr } = install("healthy 1");
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining("WARNING: this container allows no mount namespaces"),
    ]);
    expect(readFileSync(guest.unitLink, "utf8")).not.toContain("ProtectSystem");
  });

  test.each(["dies", "hangs"])("of a server that %s nothing is left that would start again [B4]", (behaviour) => {
    const { status, stderr, calls } = install(behaviour);
    expect([status, stderr]).toEqual([1, expect.stringContaining("it is not healthy at https://192.0.2.132:9000")]);
    expect(calls).toContain("systemctl disable --now --quiet lifeboat-state-store.service");
    expect([guest.linkOf("current"), guest.linkOf("proven"), guest.releases]).toEqual([undefined, undefined, []]);
    expect(lstatSync(guest.unitLink, { throwIfNoEntry: false })).toBeUndefined();
  });

  test("the server's last words are shown, and its password is not [B2]", () => {
    const { stderr } = install("dies");
    expect(stderr).toContain("last words\n");
    expect(stderr).not.toContain(files.root.secretKey);
  });
});

describe("a program that is not the one that the settings name", () => {
  test("is not started, not even asked for its version, and nothing is left of it [B4]", () => {
    guest.publish("healthy, and somebody else's");
    const { status, stderr, calls } = guest.install(files, { url, sha256: "ab".repeat(32) });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/the program that arrived has the SHA-256 [\da-f]{64}/u),
    ]);
    expect(calls.filter((call) => /^(?:server|systemctl)/u.test(call))).toEqual([]);
    expect([guest.linkOf("current"), guest.releases]).toEqual([undefined, []]);
  });

  test("leaves the server that was there as it is, running [B4]", () => {
    install("healthy 1");
    const before = present();
    guest.publish("healthy, and somebody else's");
    const { status, stderr, calls } = guest.install(files, { url, sha256: "ab".repeat(32) });
    expect([status, stderr]).toEqual([1, expect.stringContaining("the server that was there goes on")]);
    expect([present(), calls.filter((call) => call.startsWith("systemctl"))]).toEqual([before, []]);
  });

  test("is refused also when it was copied into the guest, where it stays for a look [B4]", () => {
    const file = guest.upload("healthy, and somebody else's");
    const { status } = guest.install(files, { file, sha256: "ab".repeat(32) });
    expect([status, guest.releases, existsSync(file)]).toEqual([1, [], true]);
  });
});

describe("another installation", () => {
  test("replaces the release before when the new one is healthy [B4]", () => {
    install("healthy 1");
    const { status, calls } = install("healthy 2");
    expect([status, calls.includes(restart)]).toEqual([0, true]);
    expect(guest.textOf("current/server")).toContain("healthy 2");
    expect([guest.releases, guest.linkOf("proven")]).toEqual([[guest.linkOf("current")], guest.linkOf("current")]);
  });

  test("with nothing new does not interrupt the server [B4]", () => {
    install("healthy 1");
    const before = present();
    const { status, calls } = install("healthy 1");
    expect([status, present(), calls.filter((call) => call.startsWith("systemctl"))]).toEqual([0, before, []]);
  });

  test("with another password restarts it, without loading the program again [B4]", () => {
    install("healthy 1");
    const { status, calls } = install("healthy 1", { root: { accessKey: "lifeboat@root", secretKey: "another" } });
    expect([status, guest.textOf("current/root-password")]).toEqual([0, "another\n"]);
    expect(calls.filter((call) => call.startsWith("curl") && call.endsWith(url))).toEqual([]);
    expect(calls).toContain(restart);
  });

  test.each(["dies", "hangs"])("goes back to the release before when the new one %s [B4]", (behaviour) => {
    install("healthy 1");
    const before = present();
    const { status, stderr, calls } = install(behaviour);
    expect([status, stderr]).toEqual([1, expect.stringContaining("the one before runs again")]);
    expect(present()).toEqual(before);
    expect(calls.filter((call) => call === restart)).toHaveLength(2);
  });

  test("goes back to the last release that was healthy, not to one that was never proven [B4]", () => {
    install("healthy 1");
    const before = present();
    guest.leaveUnproven("healthy, perhaps");
    const { stderr } = install("dies");
    expect([present(), stderr]).toEqual([before, expect.stringContaining("the one before runs again")]);
  });

  test("says so when the one before is not healthy either [B4]", () => {
    install("healthy 1");
    const before = guest.linkOf("current");
    guest.breakRelease("proven");
    const { status, stderr } = install("dies");
    expect([status, stderr]).toEqual([1, expect.stringContaining("and neither is the one before, which is back")]);
    expect(guest.linkOf("current")).toBe(before);
  });

  test("whose program does not run here leaves the server that was there [B4]", () => {
    install("healthy 1");
    const before = present();
    const { status, stderr } = install("healthy but broken");
    expect([status, stderr]).toEqual([1, expect.stringContaining("the program does not run in this guest")]);
    expect(present()).toEqual(before);
  });

  test("removes a program that was copied into the guest once it is proven, and not before [B4]", () => {
    const file = guest.upload("dies");
    expect([guest.install(files, { file, sha256: guest.publish("dies") }).status, existsSync(file)]).toEqual([1, true]);
    guest.upload("healthy");
    expect([guest.install(files, { file, sha256: guest.publish("healthy") }).status, existsSync(file)]).toEqual([
      0,
      false,
    ]);
  });
});
