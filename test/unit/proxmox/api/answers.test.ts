import { archiveAnswer, includedVolumesAnswer } from "../../../../proxmox/api/answers";
import { couldNotBeAsked, kindOfAnswer, ProxmoxError, type ProxmoxErrorKind } from "../../../../proxmox/api/errors";

test("a guest without a name is in a job like any other: Proxmox says null [D14]", () => {
  const guest = { id: 101, type: "lxc", name: null, children: [{ id: "101:rootfs", name: "local:101", included: 1 }] };
  expect(includedVolumesAnswer.parse({ children: [guest] }).children).toMatchObject([{ id: 101, name: null }]);
});

test("a backup server lists a snapshot that is not whole without a size: the others of the list are seen [D17]", () => {
  const snapshot = { volid: "pbs:backup/ct/101/2026-11-20T01:00:00Z", ctime: 1, vmid: 101, subtype: "lxc" };
  const verification = { state: "failed", upid: "UPID:pbs:1" };
  expect([
    archiveAnswer.parse(snapshot).size,
    archiveAnswer.parse({ ...snapshot, size: null }).size,
    archiveAnswer.parse({ ...snapshot, format: "pbs-ct", size: 1 }).size,
    archiveAnswer.parse({ ...snapshot, format: "tar.zst", size: 1 }).size,
    archiveAnswer.parse({ ...snapshot, size: 7, verification }).verification,
  ]).toEqual([undefined, undefined, undefined, 1, verification]);
});

test("a pool that does not exist is no missing privilege, though Proxmox says both with 403", () => {
  const reasons = ["(pool 'web' does not exist)", "(/pool/web, Pool.Allocate)"];
  const kinds = reasons.map((reason) => kindOfAnswer(403, `Permission check failed ${reason}`, {}));
  expect(kinds).toEqual(["gone", "forbidden"]);
});

test("one thing that could not be asked is told from a node that cannot be asked at all", () => {
  const kinds: ProxmoxErrorKind[] = ["forbidden", "failed", "gone", "lost", "unreachable", "untrusted", "invalid"];
  const errors = kinds.map((kind) => new ProxmoxError(kind, { endpoint: "", request: "GET /x", reason: "no" }));
  expect(errors.map(couldNotBeAsked)).toEqual([true, true, true, true, false, false, false]);
  expect(couldNotBeAsked(new Error("a defect"))).toBe(false);
});
