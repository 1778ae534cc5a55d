import { gzipSync } from "node:zlib";

/** A file in a tar file. */
export interface PackedFile {
  /** `project/Pulumi.prod.yaml` */
  readonly name: string;
  readonly content: Uint8Array;
  /** It is a program. */
  readonly executable?: boolean;
}

const block = 512;

/** Files as a compressed tar file (ustar). The same files are always the same bytes. @throws RangeError for a name that is too long */
export function packed(files: readonly PackedFile[]): Buffer {
  const parts = files.flatMap(({ name, content, executable }) => [
    headerOf(name, content.length, executable === true ? 0o755 : 0o600),
    content,
    Buffer.alloc((block - (content.length % block)) % block),
  ]);
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]), { level: 9 });
}

function headerOf(name: string, size: number, mode: number): Buffer {
  const encoded = Buffer.from(name);
  if (encoded.length > 100) throw new RangeError(`'${name}' is too long for a tar file.`);
  const header = Buffer.alloc(block);
  encoded.copy(header);
  const number = (value: number, at: number, digits: number): void => {
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, at);
  };
  number(mode, 100, 7);
  number(0, 108, 7);
  number(0, 116, 7);
  number(size, 124, 11);
  number(0, 136, 11);
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
