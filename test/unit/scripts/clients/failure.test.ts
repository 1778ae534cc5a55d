import { kindOfAnswer, ProxmoxError, type ProxmoxErrorKind } from "../../../../proxmox/api/errors";
import { TaskFailed } from "../../../../proxmox/api/task-outcome";
import { failureOf } from "../../../../scripts/clients/failure";
import { UnsafePath } from "../../../../scripts/machine/unsafe-path";
import {
  ConditionFailed,
  NoSuchObject,
  StoreError,
  type StoreErrorKind,
} from "../../../../scripts/clients/object-store/object-store";
import { CommandError, Interrupted } from "../../../../scripts/terminal/command-error";
import { exitCodes } from "../../../../scripts/terminal/exit-codes";

/** What a script is told of each kind of error. */
const aim = "restore guest web";

test("the numbers are those of the guide, for ever [K1]", () => {
  expect(exitCodes).toEqual({
    done: 0,
    failed: 1,
    usage: 2,
    partly: 3,
    nothing: 10,
    locked: 11,
    passphrase: 12,
    refused: 13,
    unavailable: 14,
    interrupted: 130,
  });
});

test.each<[ProxmoxErrorKind, number]>([
  ["unreachable", 14],
  ["untrusted", 14],
  ["unauthorized", 14],
  ["forbidden", 14],
  ["lost", 14],
  ["unexpected", 14],
  ["invalid", 1],
  ["gone", 1],
  ["failed", 1],
])("a node's answer of kind '%s': %i, without a stack [K1, K2]", (kind, exitCode) => {
  const error = new ProxmoxError(kind, { endpoint: "https://192.0.2.11:8006", request: "GET /nodes", reason: "no" });
  const hint: unknown = expect.stringMatching(/./u);
  const told = { exitCode, hint, stack: undefined, details: { kind, request: "GET /nodes" } };
  expect(failureOf(error, aim)).toMatchObject(told);
});

test.each([
  ["unable to restore CT 301 - 403 Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)", [], 14],
  ["unable to restore CT 301 - restoring 'mp2' to bind mount is only possible for root", [], 14],
  ["job errors", ["ERROR: Backup of VM 102 failed - 403 Permission check failed (/vms/102, VM.Backup)"], 14],
  ["job errors", ["ERROR: Backup of VM 999 failed - unable to find VM '999'"], 1],
  ["volume 'local:backup/x' does not exist", ["INFO: Permission check failed is only quoted here"], 1],
])("a task that ended with '%s' %j: %i, the same as without a task [K1, K6]", (exitStatus, log, exitCode) => {
  const upid = "UPID:pve:1:1:1:vzrestore:301:root@pam:";
  const error = new TaskFailed({ upid, type: "vzrestore", exitStatus, succeeded: false, warnings: 0, log });
  expect(failureOf(error, aim)).toMatchObject({ exitCode, stack: undefined });
  expect(failureOf(error, aim).hint?.includes("lifeboat doctor")).toBe(exitCode === 14);
});

test.each([
  ["is gone since it was listed", new NoSuchObject("s3://states", "a.json"), 1],
  ["somebody else has changed", new ConditionFailed("s3://states", "a.json"), 13],
])("an object that %s is no defect: %s, %i, with a next step and without a stack [K1, K2]", (_, error, exitCode) => {
  const told = { exitCode, stack: undefined, hint: expect.not.stringContaining("defect") };
  expect(failureOf(error, aim)).toMatchObject(told);
});

test("what dies inside a lock for want of a privilege comes as 500, and is not allowed [K6]", () => {
  expect(kindOfAnswer(500, "403 Permission check failed (/vms/101, VM.Config.Disk)", {})).toBe("forbidden");
  expect(kindOfAnswer(500, "CT is locked (backup)", {})).toBe("failed");
});

test.each<[StoreErrorKind, number]>([
  ["unreachable", 14],
  ["untrusted", 14],
  ["denied", 14],
  ["no-bucket", 14],
  ["failed", 1],
])("a store's answer of kind '%s': %i, without a stack [K1, K3]", (kind, exitCode) => {
  const failure = failureOf(new StoreError(kind, "s3://states", "no"), aim);
  expect(failure).toMatchObject({ exitCode, stack: undefined, details: { kind, store: "s3://states" } });
});

test("what a command refuses keeps its own number and hint; Ctrl-C is 130 [K1]", () => {
  const refused = new CommandError("web is running", { exitCode: exitCodes.refused, hint: "add --stop" });
  expect(failureOf(refused, aim)).toMatchObject({
    exitCode: 13,
    message: "Unable to restore guest web: web is running",
    hint: "add --stop",
    stack: undefined,
  });
  expect(failureOf(new Interrupted(), aim)).toMatchObject({ exitCode: 130, stack: undefined });
});

test("a task that failed is told with its last lines, and is no defect [K2]", () => {
  const log = ["one", "two", "three", "four", "TASK ERROR: no"];
  const outcome = { upid: "UPID:x", type: "vzrestore", exitStatus: "no", succeeded: false, warnings: 0, log };
  expect(failureOf(new TaskFailed(outcome), aim)).toMatchObject({
    exitCode: 1,
    message: expect.stringContaining("(last lines of its log: two | three | four)"),
    stack: undefined,
  });
});

test("what nobody planned is a defect: 1, with its stack [K2]", () => {
  expect(failureOf(new TypeError("x is undefined"), aim)).toMatchObject({
    exitCode: 1,
    message: "Unable to restore guest web: x is undefined",
    stack: expect.stringContaining("failure.test.ts"),
  });
});

test("a folder that others may write to: 1, with the command that mends it, and no stack [N6]", () => {
  const error = new UnsafePath("/state", "its group or others may write to it", "chmod go-w /state");
  expect(failureOf(error, aim)).toMatchObject({
    exitCode: 1,
    reason: "/state is not safe: its group or others may write to it",
    hint: "look at what is in it, then: chmod go-w /state",
    stack: undefined,
  });
});
