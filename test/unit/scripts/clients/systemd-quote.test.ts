import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemdQuote, systemdWord } from "../../../../scripts/clients/systemd-quote";
import { exporterUnit } from "../../../../scripts/inspect/monitoring-export/unit";
import { timerUnits } from "../../../../scripts/inspect/timer/timer-units";

test.each([
  ["/usr/bin/lifeboat", "/usr/bin/lifeboat", "/usr/bin/lifeboat"],
  ["/home/a b/x", '"/home/a b/x"', '"/home/a b/x"'],
  ["100%", "100%%", "100%%"],
  ["$HOME", "$HOME", "$$HOME"],
  ['say "x"', '"say \\"x\\""', '"say \\"x\\""'],
  ["back\\slash", '"back\\\\slash"', '"back\\\\slash"'],
])("%s", (text, value, word) => expect([systemdQuote(text), systemdWord(text)]).toEqual([value, word]));

const verify = spawnSync("systemd-analyze", ["--version"]).status === 0 ? test : test.skip;

verify("systemd itself takes the units, with any project folder [D13]", () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-units-"));
  try {
    const { service, timer } = timerUnits({
      command: ["/bin/true", "backup", "snapshots", "--due"],
      project: "/srv/our site 100% $HOME",
      variables: { LIFEBOAT_PROXMOX_TOKEN_FILE: "/etc/lifeboat/token" },
      service: "Runs it",
      timer: "Starts it",
      calendar: "*:0/5",
      timeout: "1h",
    });
    writeFileSync(join(folder, "lifeboat-snapshots.service"), service);
    writeFileSync(join(folder, "lifeboat-snapshots.timer"), timer);
    const units = ["lifeboat-snapshots.service", "lifeboat-snapshots.timer"].map((name) => join(folder, name));
    execFileSync("systemd-analyze", ["verify", "--man=no", ...units], { stdio: "pipe" });
    execFileSync("systemd-analyze", ["calendar", "*:0/5"], { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

verify("systemd itself takes the exporter's unit, whatever the program's folder is called [C2]", () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-units-"));
  try {
    const file = join(folder, "lifeboat-exporter.service");
    const program = ["/bin/true", "/srv/our site 100% $HOME/lifeboat.cjs"];
    writeFileSync(file, exporterUnit({ program, listen: "[2001:db8::1]:9941", interval: "5m" }));
    execFileSync("systemd-analyze", ["verify", "--man=no", file], { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
