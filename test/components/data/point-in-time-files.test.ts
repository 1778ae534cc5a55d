import { spawnSync } from "node:child_process";
import {
  type PointInTimeFiles,
  pointInTimeLines,
  pointInTimeRemoval,
  pointInTimeStart,
} from "../../../components/data/guest-program/point-in-time/files";
import { shellcheck } from "../../support/debian-program";

const linter = shellcheck();

const files: PointInTimeFiles = {
  source: "shop",
  cluster: "15/main",
  port: 5432,
  store: { name: "s3.example.com", port: 443 },
  bucket: "web-recovery",
  region: "us-east-1",
  path: "/prod/web",
  archiveTimeout: 300,
  keep: 2,
  restart: false,
  full: "sun 01:30",
  differential: "mon..sat 01:30",
};
const keys = { accessKey: "it's", secretKey: "$(reboot)", passphrase: `a"b'c;d $x \\` };

const script = (lines: readonly string[]): string => ["#!/bin/sh", "set -eu", ...lines, ""].join("\n");

test("keys with any character are written as they are, for root alone [I1]", () => {
  const lines = pointInTimeLines(files, keys).join("\n").replaceAll("/etc/lifeboat", '"$ROOT"/etc');
  const read = `for name in access-key secret-key passphrase; do cat "$ROOT/etc/data/shop/pitr/$name"; done; stat -c %a "$ROOT/etc/data/shop/pitr/passphrase"`;
  const { stdout } = spawnSync(
    "sh",
    ["-euc", `ROOT=$(mktemp -d)\n${lines.replaceAll('"$ROOT"', "$ROOT")}\n${read}; rm -rf "$ROOT"`],
    {
      encoding: "utf8",
    },
  );
  expect(stdout.split("\n").slice(0, 4)).toEqual([keys.accessKey, keys.secretKey, keys.passphrase, "600"]);
});

test("the first full backup is begun at once, and timers make the others", () => {
  const text = pointInTimeStart(files).join("\n");
  expect(text).toContain("OnCalendar=sun 01:30");
  expect(text).toContain("OnCalendar=mon..sat 01:30");
  expect(text).toMatch(/has-backup shop \|\| systemctl start --no-block \S+-full\.service/u);
});

(linter === undefined ? describe.skip : describe)("what installs and removes it", () => {
  test.each([
    ["installs", [...pointInTimeLines(files, keys), ...pointInTimeStart(files)]],
    ["removes", pointInTimeRemoval("shop")],
  ])("what %s it is what shellcheck takes [I1]", (_, lines) => {
    const { stdout } = spawnSync(linter ?? "", ["--shell=sh", "--format=gcc", "-"], {
      input: script(lines),
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });
});
