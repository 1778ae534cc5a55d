import { spawnSync } from "node:child_process";
import {
  installCommand,
  installScript,
  type Installation,
  type ServerFiles,
} from "../../../components/state-store/install-script";
import { environmentFile, sandboxLines, unitFile } from "../../../components/state-store/server-files";

const settings = { mount: "/var/lib/minio", ports: { api: 9000 } };
const sha256 = "ab".repeat(32);
const installation: Installation = {
  ...settings,
  source: { url: "http://192.0.2.20/minio" },
  sha256,
  endpoint: "https://192.0.2.132:9000",
  user: "root",
};
const files: ServerFiles = {
  ...settings,
  root: { accessKey: "lifeboat@root", secretKey: "not-a-real-'secret'$(id)`id`\\" },
  key: "-----BEGIN PRIVATE KEY-----\nnot-a-real-key\n-----END PRIVATE KEY-----\n",
  certificate: "-----BEGIN CERTIFICATE-----\nserver\n-----END CERTIFICATE-----\n",
  authority: "-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----\n",
};

test("the command tells what is installed, and nothing secret: everybody in the guest can read it [B2, B4]", () => {
  expect(installCommand(installation)).toBe(
    `sh -s -- url=http://192.0.2.20/minio sha256=${sha256} endpoint=https://192.0.2.132:9000 mount=/var/lib/minio`,
  );
});

test("another user than root needs sudo; words of the command are quoted [B4]", () => {
  const command = installCommand({ ...installation, user: "ops", source: { url: "http://192.0.2.20/a?b=1&c=$(id)" } });
  expect(command.startsWith("sudo -n sh -s -- 'url=http://192.0.2.20/a?b=1&c=$(id)' ")).toBe(true);
});

test("the script is one of POSIX shell [B4]", () => {
  const { status, stderr } = spawnSync("sh", ["-n"], { input: installScript(files), encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});

test("files arrive as they are, whatever the secrets look like [B2]", () => {
  const script = installScript(files);
  const [, body = ""] = /^write_files\(\) \{$([^]*?)^\}$/mu.exec(script) ?? [];
  const program = `set -eu; new=$(mktemp -d); mkdir "$new/certs"\n${body}\ncat "$new/root-password" "$new/certs/private.key"; rm -r "$new"`;
  const { stdout } = spawnSync("sh", ["-c", program], { encoding: "utf8" });
  expect(stdout).toBe(`${files.root.secretKey}\n${files.key}`);
});

test("what the service's file and environment say is nothing secret [B2]", () => {
  for (const text of [unitFile(settings), environmentFile(settings), sandboxLines(settings)]) {
    expect(text).not.toContain(files.root.secretKey);
  }
  expect(environmentFile(settings)).toContain("MINIO_ROOT_PASSWORD_FILE=");
});

test("the service does not start without its disk, writes to its data only, and has no console unless one is named [B1]", () => {
  const unit = unitFile(settings);
  expect(unit).toContain("AssertPathIsMountPoint=/var/lib/minio\n");
  expect(unit).toContain("User=lifeboat-store\n");
  expect(unit).toContain("NoNewPrivileges=yes\n");
  expect(unit).toContain("CapabilityBoundingSet=\n");
  expect(unit).toMatch(/ExecStart=.* --address :9000 \/var\/lib\/minio\/data\n/u);
  expect(sandboxLines(settings)).toContain("ProtectSystem=strict\nReadWritePaths=/var/lib/minio/data\n");
  expect(environmentFile(settings)).toContain("MINIO_BROWSER=off\n");
  const other = { ...settings, ports: { api: 443, console: 9001 } };
  expect(unitFile(other)).toContain("--address :443 --console-address :9001 /var/lib/minio/data\n");
  expect(unitFile(other)).toContain("AmbientCapabilities=CAP_NET_BIND_SERVICE\n");
  expect(environmentFile(other)).toContain("MINIO_BROWSER=on\n");
});
