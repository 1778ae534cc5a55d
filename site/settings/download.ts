/** A program that a guest gets, and the SHA-256 that it must have, in lower case. */
export type Download =
  | { readonly from: "url"; readonly url: string; readonly sha256: string }
  /** On the machine where the program runs; a relative path starts at the project's folder. */
  | { readonly from: "file"; readonly file: string; readonly sha256: string };
