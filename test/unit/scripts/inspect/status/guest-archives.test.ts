import { isUnfinished } from "../../../../../scripts/inspect/status/guest-archives";

const archive = {
  volid: "backup:backup/vzdump-lxc-101-2026_11_20-01_00_00.tar.zst",
  node: "pve-prod",
  vmid: 101,
  subtype: "lxc",
  ctime: 1_000,
  size: 1,
  verification: undefined,
  protected: false,
  encrypted: undefined,
  format: "tar.zst",
} as const;

const running = { node: "pve-prod", upid: "UPID:pve-prod:", since: 1_000, guest: 101 };

test("an archive without notes is not one yet while the backup that made it runs: it may become a save point [C2, D6]", () => {
  expect(isUnfinished(archive, [running])).toBe(true);
});

test.each([
  ["its backup has ended", archive, []],
  ["it has notes", { ...archive, notes: "web" }, [running]],
  ["the backup began later", archive, [{ ...running, since: 1_001 }]],
  ["the backup is another guest's", archive, [{ ...running, guest: 102 }]],
  ["a run over several guests goes on with the others", archive, [{ ...running, guest: undefined }]],
])("it counts: %s [C2]", (_, one, tasks) => {
  expect(isUnfinished(one, tasks)).toBe(false);
});
