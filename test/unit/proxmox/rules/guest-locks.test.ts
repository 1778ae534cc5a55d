import { TaskFailed } from "../../../../proxmox/api/task-outcome";
import { lockIn } from "../../../../proxmox/rules/guest-locks";

test.each([
  ["CT is locked (backup)", "backup"],
  ["VM is locked (snapshot-delete)", "snapshot-delete"],
  ["unable to restore CT 110 - CT is locked (rollback)", "rollback"],
  ["can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout", undefined],
  ["the storage is locked (by somebody)", undefined],
])("%s: %s", (text, lock) => {
  expect(lockIn(text)).toBe(lock);
  const outcome = { upid: "", type: "vzsnapshot", exitStatus: text, succeeded: false, warnings: 0, log: [] };
  expect(new TaskFailed(outcome).lock).toBe(lock);
});
