import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { archiveCopiesScript } from "../../../components/offsite/archive-copies-script";
import { offsiteNodePlaces } from "../../../site/offsite/node-places";

/** What a node's program copies, with an `rclone` that stands in for the real one: its remote is a folder. */

const standIn = `#!/bin/sh
set -u
[ "$1" != --quiet ] || shift
eval "last=\\\${$#}"
place=$FAR/\${last#offsite:}
case "$1 $2" in
"lsf -R") [ -d "$place" ] || exit 3; cd "$place" && find . -mindepth 2 -name SHA256SUMS -printf '%P\\n' ;;
"lsf --format") stat -c %s "$place$6" ;;
"copy --immutable") while IFS= read -r file; do mkdir -p "$place" && cp "$6/$file" "$place/$file" || exit 1; done <"$5" ;;
"cat "*) cat "$place" ;;
*) exit 9 ;;
esac
`;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lifeboat-archives-"));
  put("bin/rclone", standIn);
  put(
    "etc/prod/settings",
    `bucket=far prefix=archives/prod bandwidth='' patience=1m storage=backup folder=${root}/dump\n`,
  );
  put("etc/prod/guests", "web 101 weekly\ndb 102 newest\n");
});

afterEach(() => rmSync(root, { recursive: true }));

function put(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text, { mode: 0o755 });
}

/** `2026_11_20-01_00_00`, so many days before some day. */
function stamp(days: number): string {
  const time = new Date(Date.UTC(2026, 10, 20, 1) - days * 86_400_000).toISOString();
  return `${time.slice(0, 10)}-${time.slice(11, 19)}`.replaceAll(/[-:]/gu, "_").replace(/^(\d+_\d+_\d+)_/u, "$1-");
}

const archive = (id: number, days: number): string => `vzdump-lxc-${String(id)}-${stamp(days)}.tar.zst`;
const sum = (text: string): string => createHash("sha256").update(text).digest("hex");
const far = (guest: string, name: string): string => `far/far/archives/prod/${guest}/${name}/SHA256SUMS`;

function run() {
  const { folder, state, logs } = offsiteNodePlaces;
  const text = archiveCopiesScript
    .replaceAll(folder, join(root, "etc"))
    .replaceAll(state, join(root, "state"))
    .replaceAll(logs, join(root, "log"))
    .replace(/^PATH=/mu, `PATH=${root}/bin:`);
  put("program", text);
  const env = { FAR: join(root, "far"), TZ: "Europe/Berlin" };
  const { status, stderr } = spawnSync("sh", [join(root, "program"), "prod"], { encoding: "utf8", env });
  const told = join(root, "state/prod/status.json");
  return { status, stderr, told: existsSync(told) ? JSON.parse(readFileSync(told, "utf8")) : undefined };
}

/** Names of copies of a guest. */
function copies(guest: string): string[] {
  const folder = join(root, "far/far/archives/prod", guest);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

test("the newest archive of each guest is copied with its sums, and once [J2]", () => {
  for (const days of [0, 1]) for (const id of [101, 102]) put(`dump/${archive(id, days)}`, `of ${String(id)}`);
  put(`dump/${archive(101, 0)}.notes`, "nightly");
  expect(run()).toMatchObject({ status: 0, told: { result: "success", message: "2 archives copied" } });
  expect(copies("web")).toEqual([archive(101, 0)]);
  const [name] = copies("web");
  expect(readFileSync(join(root, far("web", name ?? "")), "utf8")).toBe(
    `${sum("of 101")}  ${archive(101, 0)}\n${sum("nightly")}  ${archive(101, 0)}.notes\n`,
  );
  expect(run()).toMatchObject({ status: 0, told: { message: "0 archives copied" } });
});

test.each([
  [3, false],
  [6.97, true],
  [8, true],
])("of a guest whose archives go once a week, %d days after the last copy it goes: %p [J2]", (days, goes) => {
  put(`dump/${archive(101, 0)}`, "new");
  put(`dump/${archive(102, 0)}`, "new");
  put(far("web", archive(101, days)), "old");
  expect(run().status).toBe(0);
  expect(copies("web").includes(archive(101, 0))).toBe(goes);
});

test.each([
  ["a later time than any archive has", archive(101, -9_000)],
  ["no time at all", "zzz"],
  ["a day that there is none of", "vzdump-lxc-101-2026_13_45-99_00_00.tar.zst"],
  ["a name that a shell could take for more", "vzdump-lxc-101-$(id)"],
  ["another guest's", archive(1012, 0)],
])("a copy with %s, which whoever has the key can make, keeps no archive at home [J1, J2, N1]", (_, name) => {
  for (const id of [101, 102]) put(`dump/${archive(id, 0)}`, "new");
  put(far("web", archive(101, 8)), "old");
  put(far("web", name), "forged");
  expect(run()).toMatchObject({ status: 0, stderr: "", told: { result: "success", message: "2 archives copied" } });
  expect([copies("web").includes(archive(101, 0)), copies("db")]).toEqual([true, [archive(102, 0)]]);
});

test("a guest without a backup is told, and the others are copied [J2]", () => {
  put(`dump/${archive(102, 0)}`, "new");
  const { status, told } = run();
  expect([status, told.result, told.message]).toEqual([1, "error", expect.stringContaining("web has no backup in")]);
  expect(copies("db")).toEqual([archive(102, 0)]);
});

test("what a restore has saved first is not copied in place of a backup [J2]", () => {
  for (const days of [0, 1]) for (const id of [101, 102]) put(`dump/${archive(id, days)}`, "new");
  put(`dump/${archive(101, 0)}.notes`, "lifeboat save point of a restore");
  expect(run().status).toBe(0);
  expect([copies("web"), copies("db")]).toEqual([[archive(101, 1)], [archive(102, 0)]]);
});
