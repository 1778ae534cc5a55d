import { inflateRawSync } from "node:zlib";
import { Damaged } from "../unpack";

/** Bytes of the longest file that is unpacked. */
const longest = 64 * 1024 * 1024;

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const [stored, deflated] = [0, 8];

/** The files of a ZIP archive by their names, as its directory at the end lists them. @throws Damaged */
export function readZip(archive: Buffer): Map<string, Buffer> {
  try {
    return new Map(entriesOf(archive).map((entry) => [entry.name, contentOf(archive, entry)]));
  } catch (error) {
    // Whatever reading beyond the end or unpacking says.
    throw error instanceof Damaged ? error : new Damaged("it is cut off or damaged (zip)");
  }
}

interface Entry {
  readonly name: string;
  readonly method: number;
  /** Bytes in the archive. */
  readonly length: number;
  /** Where its own header begins. */
  readonly at: number;
}

function entriesOf(archive: Buffer): Entry[] {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(endOfDirectory);
  const end = archive.lastIndexOf(mark);
  if (end < 0) throw new Damaged("it has no directory (zip)");
  const count = archive.readUInt16LE(end + 10);
  const entries: Entry[] = [];
  for (let at = archive.readUInt32LE(end + 16); entries.length < count;) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw new Damaged("its directory is damaged (zip)");
    const [name, extra, comment] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field));
    entries.push({
      name: archive.toString("utf8", at + 46, at + 46 + (name ?? 0)),
      method: archive.readUInt16LE(at + 10),
      length: archive.readUInt32LE(at + 20),
      at: archive.readUInt32LE(at + 42),
    });
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return entries;
}

function contentOf(archive: Buffer, { at, length, method }: Entry): Buffer {
  const begin = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  const packed = archive.subarray(begin, begin + length);
  if (packed.length < length) throw new Damaged("it is cut off (zip)");
  if (method === stored) return packed;
  if (method === deflated) return inflateRawSync(packed, { maxOutputLength: longest });
  throw new Damaged(`it is packed in a way that is not known: ${String(method)} (zip)`);
}
