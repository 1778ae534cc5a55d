import { pageOf } from "../../../../../scripts/inspect/exporter/page";
import { sample } from "../../../../../scripts/inspect/exporter/sample";

const web = { environment: "prod", guest: "web", id: "101" };

test("a page has HELP and TYPE before the series of each metric, sorted, and no other [C2]", () => {
  const page = pageOf([
    ...sample("lifeboat_guest_backups", web, 3),
    ...sample("lifeboat_environment_up", { environment: "prod" }, true),
    ...sample("lifeboat_guest_backups", { ...web, guest: "database", id: "102" }, 2.5),
    ...sample("lifeboat_guest_last_backup_size_bytes", web, undefined),
    ...sample("lifeboat_look_errors_total", { environment: "prod", kind: "lost" }, 1),
  ]);
  expect(page.split("\n")).toEqual([
    expect.stringMatching(/^# HELP lifeboat_environment_up 1: /u),
    "# TYPE lifeboat_environment_up gauge",
    'lifeboat_environment_up{environment="prod"} 1',
    expect.stringMatching(/^# HELP lifeboat_look_errors_total /u),
    "# TYPE lifeboat_look_errors_total counter",
    'lifeboat_look_errors_total{environment="prod",kind="lost"} 1',
    expect.stringMatching(/^# HELP lifeboat_guest_backups /u),
    "# TYPE lifeboat_guest_backups gauge",
    'lifeboat_guest_backups{environment="prod",guest="database",id="102"} 2.5',
    'lifeboat_guest_backups{environment="prod",guest="web",id="101"} 3',
    "",
  ]);
});

test("a name cannot break out of its label, and a series is there once [C2]", () => {
  const odd = { ...web, guest: 'a"b\\c\nd' };
  const page = pageOf([...sample("lifeboat_guest_backups", odd, 1), ...sample("lifeboat_guest_backups", odd, 2)]);
  expect(page.split("\n").slice(2)).toEqual([
    String.raw`lifeboat_guest_backups{environment="prod",guest="a\"b\\c\nd",id="101"} 1`,
    "",
  ]);
});
