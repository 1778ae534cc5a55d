import { crc32 } from "node:zlib";

/** A ZIP archive of one file, which is not compressed. */
export function zipOf(name: string, text: string): Buffer {
  const content = Buffer.from(text);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const file = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), content]);
  const entry = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(entry.length, 8);
  end.writeUInt32LE(file.length, 12);
  return Buffer.concat([file, entry, Buffer.from("PK\x05\x06"), end]);
}

/** A tar archive of one file, with records of its own in an extended header. */
export function tarOf(name: string, content: string, records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    // The length of a record counts its own digits.
    const length = rest.length + String(rest.length + 2).length;
    return `${String(length)}${rest}`;
  });
  return Buffer.concat([tarEntry("x", "records", lines.join("")), tarEntry("0", name, content), Buffer.alloc(1_024)]);
}

function tarEntry(kind: "0" | "x", name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  const fields = [
    [0, name],
    [100, octal(0o644, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(content.length, 12)],
    [136, octal(Math.floor(Date.now() / 1_000) - 60, 12)],
    [148, "        "],
    [156, kind],
    [257, "ustar\x0000"],
  ] as const;
  for (const [offset, text] of fields) header.write(text, offset, "latin1");
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
    "latin1",
  );
  const padded = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  padded.write(content, "latin1");
  return Buffer.concat([header, padded]);
}

/** A number as a field of a header has it, with the zero byte at its end. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}
