import type { Lines } from "../talk";
import type { Document } from "./document";
import { htmlOf } from "./html";
import { markdownOf } from "./markdown";
import { printText } from "./print-text";

/** Forms of a page, besides the JSON of its contents. */
export const documentFormats = ["text", "markdown", "html"] as const;

export type DocumentFormat = (typeof documentFormats)[number];

export function printDocument(document: Document, format: DocumentFormat, lines: Lines): void {
  if (format === "text") return printText(document, lines);
  for (const line of format === "html" ? htmlOf(document) : markdownOf(document)) lines.line(line);
}
