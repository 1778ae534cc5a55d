import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { copyScript } from "../../../components/state-store/offsite-copy-script";
import {
  installScript,
  type OffsiteTimerSettings,
  serviceUnit,
} from "../../../components/state-store/offsite-timer-files";
import { parseMarker } from "../../../site/state-copies/copy-marker";
import { systemdCalendar } from "../../../components/install/systemd-calendar";
import { removeScript } from "../../../site/state-store/offsite-removal";

const settings: OffsiteTimerSettings = {
  project: "shop",
  environments: [
    { name: "prod", bucket: "lifeboat-state-prod" },
    { name: "lab", bucket: "lifeboat-state-lab" },
  ],
  bucket: "copies",
  schedule: "04:15",
  authorities: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
};

const remote = {
  endpoint: "https://192.0.2.132:9000",
  region: "us-east-1",
  accessKey: "copier",
  secretKey: "hidden$1 '",
};

const remotes = { store: remote, offsite: remote };

test.each([
  ["the copier", copyScript(settings)],
  ["the installation", installScript(settings, remotes)],
  ["the removal", removeScript()],
])("%s is a POSIX shell script", (_, script) => {
  expect(spawnSync("sh", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
});

test("only the configuration of rclone holds secrets, and only the copier may read it [E6]", () => {
  const script = installScript(settings, remotes);
  expect(script.match(/^secret_access_key = hidden\$1 '$/gmu)).toHaveLength(2);
  expect(script.match(/hidden/gu)).toHaveLength(2);
  const after = script.slice(script.lastIndexOf("hidden")).split("\n");
  const file = "/etc/lifeboat-offsite-copy/rclone.conf";
  expect(after.filter((line) => line.includes("rclone.conf"))).toEqual([
    `chown lifeboat-offsite-copy: ${file}.new`,
    `chmod 0600 ${file}.new`,
    `mv ${file}.new ${file}`,
  ]);
  expect(copyScript(settings) + removeScript() + serviceUnit()).not.toContain("hidden");
});

test.each([
  ["04:15", "04:15"],
  ["sat 04:15", "sat 04:15"],
  ["mon..fri 2,14:00", "mon..fri 2,14:00"],
  ["*/15", "*:0/15"],
  ["0/15", "*:0/15"],
  ["*/2:30", "0/2:30"],
  ["2026-11-20 04:15", "2026-11-20 04:15"],
  ["daily", "daily"],
])("the calendar event %s is %s for systemd", (event, wanted) => {
  expect(systemdCalendar(event)).toBe(wanted);
});

test("every environment is copied, and nothing is ever removed offsite [E6, 000 CA11.2]", () => {
  const script = copyScript(settings);
  expect(script).toContain('copy_environment prod lifeboat-state-prod || complain "prod: NOT copied as a whole"');
  expect(script).toContain('copy_environment lab lifeboat-state-lab || complain "lab: NOT copied as a whole"');
  expect(script).not.toMatch(/rclone (?:sync|move|delete|purge|rmdir|cleanup)/u);
});

test("the service needs no rights, and mounts nothing that an unprivileged container may not", () => {
  expect(serviceUnit()).toContain("User=lifeboat-offsite-copy\n");
  expect(serviceUnit()).toContain("NoNewPrivileges=yes\n");
  expect(serviceUnit()).not.toMatch(/^(?:Private|Protect|Bind|ReadOnly|ReadWrite|Inaccessible)/mu);
});

const entry = (name: string, half: string): string => `.pulumi/history/shop/${name}/${name}-1.${half}.json`;
const inStore = (name: string, half: string): string => `store/lifeboat-state-${name}/${entry(name, half)}`;
const inCopy = (name: string, half: string): string => `offsite/copies/${name}/${entry(name, half)}`;

describe("what it copies", () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "lifeboat-offsite-"));
    const remotes = ["store", "offsite"].map((name) => `[${name}]\ntype = alias\nremote = ${root}/${name}\n`);
    put("rclone.conf", remotes.join("\n"));
    mkdirSync(join(root, "offsite", "copies"), { recursive: true });
    mkdirSync(join(root, "bin"));
    copyFileSync(join(__dirname, "../../support/rclone-stand-in.cjs"), join(root, "bin", "rclone"));
    for (const name of ["prod", "lab"]) {
      put(`store/lifeboat-state-${name}/.pulumi/stacks/shop/${name}.json`, "{}\n");
      for (const half of ["checkpoint", "history"]) put(inStore(name, half), `{"${half}":1}`);
      put(`store/lifeboat-state-${name}/.lifeboat/points/shop/${name}/saved.json`, "saved");
    }
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function put(name: string, text: string): void {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }

  const read = (name: string): string => readFileSync(join(root, name), "utf8");

  /** Runs the copier as its service does. */
  function run() {
    const work = join(root, "work");
    mkdirSync(work, { recursive: true });
    const script = copyScript(settings).replaceAll("/etc/lifeboat-offsite-copy", root);
    const env = { PATH: `${root}/bin:${process.env["PATH"] ?? ""}`, RUNTIME_DIRECTORY: work };
    const { status, stdout, stderr } = spawnSync("sh", ["-s"], { input: script, env, encoding: "utf8" });
    rmSync(work, { recursive: true });
    return { status, stdout, stderr };
  }

  const live = ".pulumi/stacks/shop/prod.json";
  const date = (name: string, time: number): void => utimesSync(join(root, name), time, time);
  const [inFuture, copied] = [Date.UTC(2099, 0, 2) / 1_000, join("offsite/copies/prod", live)];

  test("a state with a forged time is copied beside what was there, and freezes nothing [E6, N1]", () => {
    put(copied, "{}\n");
    const sum = createHash("sha256").update("{}\n").digest("hex");
    put(`store/lifeboat-state-prod/${live}`, '{"forged":1}\n');
    date(`store/lifeboat-state-prod/${live}`, inFuture);
    const words = [
      "prod: prod.json in store:lifeboat-state-prod is dated 2099-01-02, later than the clock",
      `prod: what the copy had of prod.json is kept as .lifeboat/differing/${sum}`,
      "prod: NOT copied as a whole",
    ];
    expect(run()).toMatchObject({ status: 1, stderr: `${words.join("\n")}\n` });
    expect(read(copied)).toBe('{"forged":1}\n');
    expect(read(`offsite/copies/prod/.lifeboat/differing/${sum}/${live}`)).toBe("{}\n");
    put(`store/lifeboat-state-prod/${live}`, '{"mended":1}\n');
    date(`store/lifeboat-state-prod/${live}`, Date.now() / 1_000 - 3_600);
    expect(run()).toMatchObject({ status: 0, stderr: "" });
    expect(read(copied)).toBe('{"mended":1}\n');
  });

  test("a copy that a forged time has frozen takes the state again; a copy that is newer stays [E6, N1]", () => {
    put(copied, '{"frozen":1}\n');
    date(copied, inFuture);
    expect(run()).toMatchObject({ status: 0, stderr: expect.stringContaining("is kept as .lifeboat/differing/") });
    expect(read(copied)).toBe("{}\n");
    put(copied, '{"newer":1}\n');
    date(`store/lifeboat-state-prod/${live}`, Date.now() / 1_000 - 3_600);
    expect(run()).toMatchObject({ status: 1, stdout: expect.stringContaining("a newer one is there") });
    expect(read(copied)).toBe('{"newer":1}\n');
  });

  test("all of it [E6]", () => {
    expect(run()).toEqual({ status: 0, stdout: "prod: copied\nlab: copied\n", stderr: "" });
    expect(read(inCopy("prod", "checkpoint"))).toBe('{"checkpoint":1}');
    expect(read("offsite/copies/prod/.pulumi/stacks/shop/prod.json")).toBe("{}\n");
  });

  test("the marker knows the newest update of the history beside the state, and none where there is none [E6]", () => {
    for (const number of ["9", "1763700000000000001", "1763700000000000000"]) {
      put(`store/lifeboat-state-prod/.pulumi/history/shop/prod/prod-${number}.history.json.gz`, "{}");
    }
    rmSync(join(root, "store/lifeboat-state-lab/.pulumi/history"), { recursive: true });
    expect(run()).toMatchObject({ status: 0, stderr: "" });
    const markers = ["prod", "lab"].map((name) => parseMarker(read(`offsite/copies/${name}/lifeboat-copy.json`)));
    expect(markers.map((marker) => marker?.newest)).toEqual(["1763700000000000001", undefined]);
  });

  test.each([
    ["shorter", "the copy", inCopy, '{"checkpoint":'],
    ["other", "the store", inStore, '{"checkpoint":7}'],
  ])(
    "history that is %s in %s is named, and fails the service; both stay, and the rest is copied [E6]",
    (_, __, where, bad) => {
      for (const name of ["prod", "lab"]) {
        cpSync(join(root, "store", `lifeboat-state-${name}`), join(root, "offsite/copies", name), { recursive: true });
      }
      put(where("prod", "checkpoint"), bad);
      put("offsite/copies/lab/.lifeboat/points/shop/lab/saved.json", "other");
      put("store/lifeboat-state-prod/.pulumi/stacks/shop/prod.json", '{"new":1}\n');
      const before = [read(inStore("prod", "checkpoint")), read(inCopy("prod", "checkpoint"))];
      const words = "differs from that in the store; one of both is damaged, and both stay as they are";
      expect(run()).toEqual({
        status: 1,
        stdout: "",
        stderr: [
          `prod: ${entry("prod", "checkpoint")} ${words}`,
          "prod: NOT copied as a whole",
          `lab: .lifeboat/points/shop/lab/saved.json ${words}`,
          "lab: NOT copied as a whole",
          "",
        ].join("\n"),
      });
      expect([read(inStore("prod", "checkpoint")), read(inCopy("prod", "checkpoint"))]).toEqual(before);
      expect(read("offsite/copies/prod/.pulumi/stacks/shop/prod.json")).toBe('{"new":1}\n');
      expect(existsSync(join(root, "offsite/copies/prod/lifeboat-copy.json"))).toBe(true);
    },
  );
});
