import { gzipSync } from "node:zlib";
import { usageError } from "../../terminal/command-error";

/** A file in a tar file. */
export interface PackedFile {
  /** `project/Pulumi.prod.yaml` */
  readonly name: string;
  readonly content: Uint8Array;
  /** It is a program. */
  readonly executable?: boolean;
}

/** Another name of a file that comes before it in the tar file. */
export interface PackedLink {
  readonly name: string;
  readonly linkTo: string;
}

const block = 512;

/** Files as a compressed tar file (ustar). The same files are always the same bytes. @throws CommandError (2) for a name that is too long */
export function packed(files: readonly (PackedFile | PackedLink)[]): Buffer {
  const parts = files.flatMap((file) => {
    if ("linkTo" in file) return [headerOf(file.name, 0, 0o600, file.linkTo)];
    const { name, content, executable } = file;
    return [
      headerOf(name, content.length, executable === true ? 0o755 : 0o600),
      content,
      Buffer.alloc((block - (content.length % block)) % block),
    ];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]), { level: 9 });
}

/** A long path stands in two fields, split at a slash. */
function splitName(name: string): [folder: string, file: string] {
  if (Buffer.byteLength(name) <= 100) return ["", name];
  for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
    const [folder, file] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(folder) <= 155 && Buffer.byteLength(file) <= 100) return [folder, file];
  }
  throw usageError(`the path ${name} is too long for a tar file`, "give the file that the settings name a shorter one");
}

/** @param linkTo name of the file of which this is a hard link */
function headerOf(name: string, size: number, mode: number, linkTo = ""): Buffer {
  const [folder, file] = splitName(name);
  const header = Buffer.alloc(block);
  header.write(file);
  header.write(folder, 345);
  const number = (value: number, at: number, digits: number): void => {
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, at);
  };
  number(mode, 100, 7);
  number(0, 108, 7);
  number(0, 116, 7);
  number(size, 124, 11);
  number(0, 136, 11);
  header.write(`        ${linkTo === "" ? "0" : "1"}${linkTo}`, 148);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
