import { copyProgressIn, tellsNothing } from "../../../../proxmox/rules/task-progress";

const mebi = 1024 ** 2;

test.each([
  [
    "INFO:  12% (1.2 GiB of 10.0 GiB) in 1m 3s, read: 100.0 MiB/s, write: 90.0 MiB/s",
    { done: 1_288_490_189, total: 10_240 * mebi, seconds: 63 },
  ],
  ["INFO: 100% (512.0 MiB of 512.0 MiB) in 3s, read: 170.7 MiB/s", { done: 512 * mebi, total: 512 * mebi, seconds: 3 }],
  ["progress 50% (read 1073741824 bytes, duration 12 sec)", { done: 1_024 * mebi, total: 2_048 * mebi, seconds: 12 }],
  [
    "progress 5% (read 104857600 bytes, zeroes = 4% (83886080 bytes), duration 2 sec)",
    { done: 100 * mebi, total: 2_000 * mebi, seconds: 2 },
  ],
])("%s tells how far it is", (line, progress) => {
  expect(copyProgressIn(line)).toEqual(progress);
});

test.each([
  "INFO: Starting Backup of VM 101 (lxc)",
  "INFO: archive file size: 1.2GB",
  "extracting archive '/x.tar.zst'",
])("%s tells something else", (line) => {
  expect([copyProgressIn(line), tellsNothing(line)]).toEqual([undefined, false]);
});

test.each([
  "mke2fs 1.47.0 (5-Feb-2023)",
  "Creating filesystem with 262144 4k blocks and 65536 inodes",
  "Superblock backups stored on blocks: ",
  "\t32768, 98304, 163840, 229376",
  "Writing inode tables:   \b0/8",
  "Creating journal (8192 blocks): done",
  " ",
])("%j is of mkfs, and tells nobody anything", (line) => {
  expect(tellsNothing(line)).toBe(true);
});
