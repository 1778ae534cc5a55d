import { Damaged } from "./unpack";

const block = 512;

/** Bytes that a file may have that is read from an archive: those of a node's configuration have a thousandth of it. */
const longestFile = 4 * 1024 * 1024;

/**
 * Texts of a tar archive, by their paths without `./` and slashes before. Nothing is written anywhere, and links lead nowhere: only
 * plain files count.
 *
 * @param isWanted whether a path counts
 * @throws Damaged for what is no whole archive
 */
export function filesOfTar(archive: Buffer, isWanted: (path: string) => boolean): Map<string, string> {
  const files = new Map<string, string>();
  let at = 0;
  let longName: string | undefined;
  for (;;) {
    const head = archive.subarray(at, at + block);
    if (head.length < block) throw new Damaged("it is no whole tar archive: its end is missing");
    if (head.every((byte) => byte === 0)) return files;
    if (!hasItsSum(head)) throw new Damaged("it is no tar archive, or it is damaged");
    const size = octal(head, 124, 12);
    const content = archive.subarray(at + block, at + block + size);
    if (content.length < size) throw new Damaged("it is no whole tar archive: it ends within a file");
    const type = String.fromCharCode(head[156] ?? 0);
    const path = (longName ?? nameOf(head)).replace(/^(?:\.?\/)+/u, "");
    // GNU's way to write a name that is longer than its field: as the content of an entry before.
    longName = type === "L" ? textAt(content, 0, size) : undefined;
    if ((type === "0" || type === "\0") && isWanted(path)) {
      if (size > longestFile) throw new Damaged(`${path} in it is longer than such a file is`);
      files.set(path, content.toString("utf8"));
    }
    at += block + Math.ceil(size / block) * block;
  }
}

function nameOf(head: Buffer): string {
  const prefix = textAt(head, 257, 5) === "ustar" && head[262] === 0 ? textAt(head, 345, 155) : "";
  return `${prefix === "" ? "" : `${prefix}/`}${textAt(head, 0, 100)}`;
}

function textAt(buffer: Buffer, start: number, length: number): string {
  const field = buffer.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString("utf8");
}

/** @throws Damaged for a number in a form that only archives beyond 8 GiB need */
function octal(head: Buffer, start: number, length: number): number {
  const text = textAt(head, start, length).trim();
  if (!/^[0-7]*$/u.test(text)) throw new Damaged("a number in it is in a form that is not read");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

/** The sum of a head counts its own field as spaces. */
function hasItsSum(head: Buffer): boolean {
  const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  return /^ *[0-7]+ ?$/u.test(textAt(head, 148, 8)) && octal(head, 148, 8) === sum;
}
