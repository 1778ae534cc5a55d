import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Page {
  readonly address: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** How long the page's own clock runs before it is looked at. */
const virtualMilliseconds = 30_000;

/** The document of a page as it is when its scripts have run. */
export async function documentOf(program: string, page: Page): Promise<string> {
  return browse(program, page, ["--dump-dom"]);
}

/** Draws a page into a PNG file. */
export async function draw(program: string, page: Page, file: string): Promise<void> {
  await browse(program, page, [`--screenshot=${file}`]);
}

/** Prints a page into a PDF file, with its styles for paper. */
export async function print(program: string, address: string, file: string): Promise<void> {
  await browse(program, { address, width: 1_280, height: 1_024 }, [`--print-to-pdf=${file}`, "--no-pdf-header-footer"]);
}

async function browse(program: string, { address, width, height }: Page, words: readonly string[]): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), "lifeboat-browser-"));
  try {
    const { stdout } = await promisify(execFile)(
      program,
      [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        `--user-data-dir=${profile}`,
        `--window-size=${width},${height}`,
        `--virtual-time-budget=${virtualMilliseconds}`,
        ...words,
        address,
      ],
      { maxBuffer: 64 * 1024 * 1024, timeout: 240_000 },
    );
    return stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}
