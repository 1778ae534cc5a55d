import type { Download } from "./environment";
import { at, choose, mapping, refusing, text, value, type Finding, type Schema } from "./schema-tools";
import { fileName } from "./values/names";

const sha256 = text(
  "a checksum",
  "SHA-256 of the file: 64 hex digits, as `sha256sum` prints them",
  /^[0-9A-Fa-f]{64}$/,
).transform((digits) => digits.toLowerCase());

const fromUrl = mapping({
  /** Where the guest loads the file from: `http` or `https`, without user and password. */
  url: value(
    "an address of a file",
    "http://HOST/PATH or https://HOST/PATH, without user, password and blanks",
    parseDownload,
  ),
  /** SHA-256 of the file. Another one is refused when it arrives, and what is there goes on. */
  sha256,
});

const fromFile = mapping({
  /** The file on the machine where `pulumi up` runs, for a site without internet; a relative path starts at the folder of the project. */
  file: fileName,
  /** SHA-256 of the file. Another one is refused when it arrives, and what is there goes on. */
  sha256,
});

/** A program that a guest gets: loaded by the guest, or sent to it. */
export const downloadSchema: Schema<Download> = choose<Download>([fromUrl, fromFile], (raw) => {
  if (at(raw, "url") !== undefined && at(raw, "file") !== undefined) return refusing(twoPlaces);
  return at(raw, "file") === undefined
    ? fromUrl.transform((entry) => ({ from: "url", ...entry }))
    : fromFile.transform((entry) => ({ from: "file", ...entry }));
});

function parseDownload(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > 2048 || !/^https?:\/\/[\x21-\x7e]+$/.test(raw)) return undefined;
  if (/["'\\<>`]/.test(raw) || !URL.canParse(raw)) return undefined;
  const { username, password, pathname } = new URL(raw);
  return username === "" && password === "" && pathname !== "/" ? raw : undefined;
}

function twoPlaces(): Finding[] {
  const message = "url and file exclude each other";
  return [{ path: ["file"], message, found: "both", allowed: "url or file, and sha256" }];
}
