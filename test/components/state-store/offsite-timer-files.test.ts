import { spawnSync } from "node:child_process";
import {
  copyScript,
  installScript,
  type OffsiteTimerSettings,
  removeScript,
  serviceUnit,
  systemdCalendar,
} from "../../../components/state-store/offsite-timer-files";

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

test("every environment is copied, and nothing is ever removed offsite [E6]", () => {
  const script = copyScript(settings);
  expect(script).toContain('copy_environment prod lifeboat-state-prod || complain "prod: NOT copied"');
  expect(script).toContain('copy_environment lab lifeboat-state-lab || complain "lab: NOT copied"');
  expect(script).not.toMatch(/rclone (?:sync|move|delete|purge|rmdir|cleanup)/u);
});

test("the service needs no rights, and mounts nothing that an unprivileged container may not", () => {
  expect(serviceUnit()).toContain("User=lifeboat-offsite-copy\n");
  expect(serviceUnit()).toContain("NoNewPrivileges=yes\n");
  expect(serviceUnit()).not.toMatch(/^(?:Private|Protect|Bind|ReadOnly|ReadWrite|Inaccessible)/mu);
});
