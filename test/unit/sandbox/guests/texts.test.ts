import { commandLine, shellQuote } from "../../../sandbox/guests/shell-quote";
import { fileSystemLines } from "../../../sandbox/guests/volumes";
import { notesFrom } from "../../../sandbox/guests/vzdump/notes";

describe("words in a log", () => {
  it("are quoted as Proxmox does", () => {
    expect(["local", "keep-last=3", "", "a b", "it's", "/tmp/?*", "x:y@z"].map(shellQuote)).toEqual([
      "local",
      "'keep-last=3'",
      "''",
      "'a b'",
      "'it'\\''s'",
      "'/tmp/?*'",
      "x:y@z",
    ]);
    expect(commandLine(["tar", "--xattrs-include=user.*", "--directory=/a"])).toBe(
      "tar '--xattrs-include=user.*' --directory=/a",
    );
  });
});

describe("the lines of mkfs.ext4", () => {
  it("name blocks, inodes and the copies of the superblock", () => {
    expect(fileSystemLines(8 * 1024 ** 3)).toEqual([
      "Creating filesystem with 2097152 4k blocks and 524288 inodes",
      expect.stringMatching(/^Filesystem UUID: [0-9a-f-]{36}$/),
      "Superblock backups stored on blocks: ",
      "\t32768, 98304, 163840, 229376, 294912, 819200, 884736, 1605632",
    ]);
  });

  it("go on in a second line for large disks", () => {
    expect(fileSystemLines(100 * 1024 ** 3).slice(3)).toEqual([
      "\t32768, 98304, 163840, 229376, 294912, 819200, 884736, 1605632, 2654208, ",
      "\t4096000, 7962624, 11239424, 20480000, 23887872",
    ]);
  });
});

describe("a notes template", () => {
  const facts = { cluster: "standalone node", guestname: "{{node}}", node: "pve", vmid: 110 };

  it("is filled in once: what a guest is called is no template", () => {
    expect(notesFrom("{{guestname}} {{vmid}}\\n{{cluster}}", facts)).toBe("{{node}} 110\nstandalone node");
  });

  it("is refused with line breaks, other escapes and unknown variables", () => {
    expect(() => notesFrom("a\nb", facts)).toThrow("contains a line feed");
    expect(() => notesFrom("{{nope}}", facts)).toThrow("found unknown: variable 'nope' at char 4");
  });
});
