import type { Lines } from "../../terminal/talk";
import { bold, green, red, type Styled, yellow } from "../../terminal/text";
import { operations, type StackPreview } from "./preview-file";

/** One environment's preview, the most dangerous changes first. */
export function printPreview(preview: StackPreview, lines: Lines): void {
  if (preview.outcome === "failed") {
    lines.line([bold(preview.stack), ": ", red("cannot be previewed")]);
    lines.text(preview.reason, "  ");
  } else {
    const { counts, changes } = preview;
    const numbers = operations
      .filter((operation) => counts[operation] > 0)
      .map((operation) => `${String(counts[operation])} ${operation}`);
    lines.line([
      bold(preview.stack),
      `: ${numbers.length === 0 ? "no changes" : numbers.join(", ")} (${String(counts.same)} stay)`,
    ]);
    for (const { operation, resource, type, properties } of changes) {
      const named = properties.length === 0 ? "" : `: ${properties.join(", ")}`;
      lines.line(["  ", styles[operation](operation.padEnd(8)), `${resource}  ${type}${named}`]);
    }
  }
  for (const warning of preview.warnings) lines.hanging([yellow("  ! ")], warning);
  lines.line();
}

const styles: Readonly<Record<(typeof operations)[number], (text: string) => Styled>> = {
  replace: red,
  delete: red,
  update: yellow,
  import: green,
  create: green,
};
