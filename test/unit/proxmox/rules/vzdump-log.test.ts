import { parseVzdumpLog } from "../../../../proxmox/rules/vzdump-log";

/** Of a real run: a guest that was backed up, one that does not exist. */
const recorded = [
  "INFO: starting new backup job: vzdump 101 999 --mode snapshot --storage local",
  "INFO: Starting Backup of VM 101 (lxc)",
  "INFO: Backup started at 2026-11-20 20:13:14",
  "INFO: status = stopped",
  "INFO: CT Name: web",
  "INFO: creating vzdump archive '/var/lib/vz/dump/vzdump-lxc-101-2026_11_20-20_13_14.tar.zst'",
  "INFO: Total bytes written: 40960 (40KiB, 59MiB/s)",
  "INFO: archive file size: 1KB",
  "INFO: Finished Backup of VM 101 (01:02:03)",
  "INFO: Backup finished at 2026-11-20 21:15:17",
  "ERROR: Backup of VM 999 failed - unable to find VM '999'",
  "INFO: Failed at 2026-11-20 21:15:17",
  "INFO: Backup job finished with errors",
  "TASK ERROR: job errors",
];

test("each guest of a run with its archive, its time or its own error [A3]", () => {
  expect(parseVzdumpLog(recorded)).toEqual({
    guests: [
      {
        vmid: 101,
        state: "finished",
        archive: { kind: "file", name: "vzdump-lxc-101-2026_11_20-20_13_14.tar.zst" },
        seconds: 3_723,
        reason: undefined,
      },
      { vmid: 999, state: "failed", archive: undefined, seconds: undefined, reason: "unable to find VM '999'" },
    ],
    errors: [],
  });
});

test("every beginning of a log can be read; a guest without an end is only begun", () => {
  for (let length = 0; length <= recorded.length; length += 1) {
    const { guests } = parseVzdumpLog(recorded.slice(0, length));
    expect(guests.length).toBe(length < 2 ? 0 : length < 11 ? 1 : 2);
    if (length >= 2) expect(guests[0]?.state).toBe(length < 9 ? "begun" : "finished");
  }
});

test("a failed command becomes what its program said, and a reason of several lines one line", () => {
  const { guests } = parseVzdumpLog([
    "INFO: Starting Backup of VM 101 (lxc)",
    "INFO: tar: -: Cannot write: No space left on device",
    "ERROR: Backup of VM 101 failed - command 'set -o pipefail && tar … | zstd' failed: exit code 2",
    "INFO: Failed at 2026-11-20 20:13:14",
    "INFO: Starting Backup of VM 102 (qemu)",
    "ERROR: Backup of VM 102 failed - first line",
    "ERROR: second line",
    "INFO: Failed at 2026-11-20 20:13:15",
  ]);
  expect(guests.map(({ reason }) => reason)).toEqual([
    "tar: -: Cannot write: No space left on device (exit code 2)",
    "first line; second line",
  ]);
});

test("errors of the whole run belong to no guest; a backup server's snapshot is an archive too", () => {
  expect(parseVzdumpLog(["ERROR: can't acquire lock '/var/run/vzdump.lock' - got timeout"])).toEqual({
    guests: [],
    errors: ["can't acquire lock '/var/run/vzdump.lock' - got timeout"],
  });
  const { guests } = parseVzdumpLog([
    "INFO: Starting Backup of VM 101 (lxc)",
    "INFO: creating Proxmox Backup Server archive 'ct/101/2026-11-20T01:00:00Z'",
  ]);
  expect(guests[0]?.archive).toEqual({ kind: "snapshot", name: "ct/101/2026-11-20T01:00:00Z" });
});
