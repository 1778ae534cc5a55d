import { spawnSync } from "node:child_process";
import {
  copyScript,
  installScript,
  type OffsiteTimerSettings,
  rcloneConfiguration,
  removeScript,
  serviceUnit,
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

test.each([
  ["the copier", copyScript(settings)],
  ["the installation", installScript(settings)],
  ["the removal", removeScript()],
])("%s is a POSIX shell script", (_, script) => {
  expect(spawnSync("sh", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
});

test("only the configuration of rclone holds secrets, and it comes over standard input [E6]", () => {
  const configuration = rcloneConfiguration({ store: remote, offsite: remote });
  expect(configuration.match(/secret_access_key = hidden\$1 '/gu)).toHaveLength(2);
  expect(installScript(settings)).toContain("cat >/etc/lifeboat-offsite-copy/rclone.conf.new\n");
  expect(installScript(settings)).not.toContain("hidden");
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
